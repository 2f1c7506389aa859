// The snippets of the guide, in the very programs that read them: each request goes where the guide says, and once Rollcall is
// taken away, Synapse sees its own tokens again. A program that is not installed is taken from Debian's packages; where that cannot be,
// its cases are skipped by name, or, where CI is true, fail.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findDebianProgram, freePorts, repositoryRoot, until, type Found } from '#libs/testing';

jest.setTimeout(60_000);

let folder: string;
let ports: { readonly rollcall: number; readonly synapse: number; readonly front: number };
const servers: Server[] = [];
let running: ChildProcess | undefined;

/** Says who was asked what. */
async function echo(name: string, port: number): Promise<void> {
  const server = createServer(({ url }, response) => response.end(`${name} ${url ?? ''}`));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  servers.push(server);
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-proxy-'));
  const [rollcall = 0, synapse = 0, front = 0] = await freePorts(3);
  ports = { rollcall, synapse, front };
  await echo('rollcall', rollcall);
  await echo('synapse', synapse);
});

afterEach(async () => {
  if (running !== undefined) {
    const ended = new Promise((resolve) => running?.once('close', resolve));
    running.kill('SIGTERM');
    await ended;
  }
  running = undefined;
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  rmSync(folder, { recursive: true, force: true });
});

/** As it is committed, but for the ports. */
function snippet(name: string): string {
  return readFileSync(join(repositoryRoot(), 'apps', 'bridge', 'deploy', name), 'utf8')
    .replaceAll('8090', String(ports.rollcall))
    .replaceAll('8008', String(ports.synapse))
    .replaceAll('8443', String(ports.front));
}

async function serve({ program, environment }: Found, ...args: readonly string[]): Promise<void> {
  let said = '';
  const env = { ...process.env, ...environment, HOME: folder };
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  running = child;
  await until(
    async () => {
      if (child.exitCode !== null) throw new Error(`${program} refuses the snippet: ${said}`);
      return fetch(`http://127.0.0.1:${String(ports.front)}/`).catch(() => undefined);
    },
    (answer) => answer !== undefined,
  );
}

function serveNginx(nginx: Found, name: string): Promise<void> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (word) => `${word}_temp_path ${folder}/${word};`,
  );
  const file = join(folder, 'whole.conf');
  writeFileSync(
    file,
    `daemon off; pid ${folder}/pid; error_log stderr; events {} http { access_log off; ${temporary.join(' ')}\n${snippet(name)}}`,
  );
  return serve(nginx, '-p', folder, '-e', 'stderr', '-c', file);
}

async function reached(path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${String(ports.front)}${path}`, {
    headers: { host: 'matrix.example.org' },
  });
  return answer.status === 200 ? answer.text() : String(answer.status);
}

const GOES = [
  ['/_matrix/client/v3/sync?since=rc~r1_a~s1_2', 'rollcall'],
  ['/_matrix/client/v3/presence/@a:example.org/status', 'rollcall'],
  ['/_matrix/federation/v1/version', 'synapse'],
  ['/_synapse/client/x', 'synapse'],
  ['/_matrix/app/v1/transactions/1', '404'],
] as const;

function describeProgram(name: string, versionWord: string, suite: (found: () => Found) => void): void {
  const found = findDebianProgram({ name, versionWord });
  if (!('reason' in found)) describe(name, () => suite(() => found));
  else if (process.env['CI'] === 'true') {
    describe(name, () => {
      it('is there', () => {
        throw new Error(found.reason);
      });
    });
  } else {
    describe.skip(`${name} (${found.reason})`, () => {
      suite(() => ({ program: name, environment: {} }));
    });
  }
}

describeProgram('nginx', '-v', (nginx) => {
  it('sends clients to Rollcall and everything else to Synapse', async () => {
    await serveNginx(nginx(), 'nginx.conf');
    for (const [path, where] of GOES) expect(await reached(path)).toBe(where === '404' ? where : `${where} ${path}`);
  });

  it('gives Synapse its own tokens once Rollcall is away', async () => {
    await serveNginx(nginx(), 'nginx-rollback.conf');
    for (const [query, seen] of [
      ['since=rc~r1_0a.b-c~s1_2_3&timeout=0', 'since=s1_2_3&timeout=0'],
      ['timeout=0&since=rc%7Er1_a%7Es1~x', 'timeout=0&since=s1~x'],
      ['from=rc~r1_a~s1&to=rc~r1_b~s2', 'from=s1&to=s2'],
      ['since=s1_2&filter=rc~a~b', 'since=s1_2&filter=rc~a~b'],
      ['since=m5~1.6~2.7_8', 'since=m5~1.6~2.7_8'],
    ])
      expect(await reached(`/_matrix/client/v3/sync?${String(query)}`)).toBe(
        `synapse /_matrix/client/v3/sync?${String(seen)}`,
      );
  });
});

describeProgram('caddy', 'version', (caddy) => {
  it('sends clients to Rollcall and everything else to Synapse', async () => {
    const file = join(folder, 'rollcall.caddyfile');
    writeFileSync(file, `{\n\tadmin off\n}\n${snippet('rollcall.caddyfile').replace('matrix.example.org', '')}`);
    await serve(caddy(), 'run', '--adapter', 'caddyfile', '--config', file);
    for (const [path, where] of GOES) expect(await reached(path)).toBe(where === '404' ? where : `${where} ${path}`);
  });
});
