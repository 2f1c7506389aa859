// The real command in processes of its own (issue 3, item 8): through npm, killed in the middle, beside a running server, in a
// pipe whose reader goes away. What each command does in detail is in the specs beside this one.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startStandalone } from '#apps/standalone';
import { repositoryRoot, runProgram, programArguments, type ProgramProcess } from '#libs/testing';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fresh = (): string => mkdtempSync(join(folder, 'log-'));
const main = 'apps/history/src/main.ts';
const userAt = (index: number): string => `@user${index}:example.org`;
const lineOf = (index: number): string => `!r:hs,${userAt(index)},join\n`;

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const start = (directory: string, args: readonly string[], environment = {}): ProgramProcess =>
  runProgram(main, args, { env: { ...process.env, ...environment, DATA_DIR: directory } });

async function run(directory: string, args: readonly string[], stdin = '', environment = {}): Promise<Ran> {
  const started = start(directory, args, environment);
  started.child.stdin?.end(stdin);
  const { code } = await started.ended;
  return { code, stdout: started.output(), stderr: started.errors() };
}

const execute = (command: string, args: readonly string[], directory: string): Promise<Ran> =>
  new Promise((resolve) => {
    const env = { ...process.env, DATA_DIR: directory };
    execFile(command, args, { cwd: folder, env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });

const npm = (directory: string, ...args: readonly string[]): Promise<Ran> =>
  execute('npm', ['--prefix', repositoryRoot(), 'run', '-s', 'rollcall', '--', ...args], directory);

async function until<T>(look: () => T | undefined, what: string): Promise<T> {
  for (let tries = 0; tries < 3000; tries += 1) {
    const seen = look();
    if (seen !== undefined) return seen;
    await pause(5);
  }
  throw new Error(`never seen: ${what}`);
}

describe('npm run -s rollcall', () => {
  it('prints nothing but its output, takes files from where it was called, and hands on the exit code', async () => {
    const directory = fresh();
    writeFileSync(join(folder, 'members.csv'), lineOf(1));
    expect(await npm(directory, 'import', 'memberships', 'members.csv', '--json')).toEqual({
      code: 0,
      stdout: '{"accepted":1,"rejected":[]}\n',
      stderr: '',
    });
    const { stdout, code } = await npm(directory, 'log', 'read', 'memberships');
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { key: string }).key),
    ).toEqual([`!r:hs|${userAt(1)}`]);
    expect(await npm(directory, 'log', 'read', 'nothing')).toMatchObject({ code: 1, stdout: '' });
    expect(await npm(directory, 'nonsense')).toMatchObject({ code: 2, stdout: '' });
  }, 300_000);
});

describe('an import', () => {
  it('that is killed goes on when it is called again, and nothing is missing', async () => {
    const directory = fresh();
    const count = 60_000;
    const file = join(folder, 'many.csv');
    writeFileSync(file, Array.from({ length: count }, (_line, index) => lineOf(index)).join(''));
    const killed = start(directory, ['import', 'memberships', file]);
    await until(() => (existsSync(`${file}.rollcall-resume`) ? true : undefined), 'a resume point');
    killed.child.kill('SIGKILL');
    expect((await killed.ended).signal).toBe('SIGKILL');
    const { line } = JSON.parse(readFileSync(`${file}.rollcall-resume`, 'utf8')) as { line: number };

    const again = await run(directory, ['import', 'memberships', file]);
    expect(again.stderr).toContain(`Going on after line ${line}`);
    expect(again.stdout).toBe(`${count - line} accepted, 0 rejected\n`);
    const { stdout } = await run(directory, ['log', 'read', 'memberships']);
    const keys = new Set(
      stdout
        .split('\n')
        .filter(Boolean)
        .map((text) => (JSON.parse(text) as { key: string }).key),
    );
    expect(keys.size).toBe(count);
  }, 120_000);
});

describe('beside a running server', () => {
  it('reads, follows, refuses to write into its directory, and writes through it', async () => {
    const directory = fresh();
    const server = await startStandalone({ environment: { DATA_DIR: directory, LOG_LEVEL: 'silent' } });
    try {
      const url = String(server.url);
      const held = await run(directory, ['import', 'memberships', '-'], 'x\n');
      expect(held).toMatchObject({ code: 1, stdout: '' });
      expect(held.stderr).toMatch(/held for writing by process \d+\. Write through that server with --server URL/);

      const following = start(directory, ['log', 'read', 'changes', '--follow']);
      const lines = [lineOf(0), 'x,y,z\n', lineOf(1)].join('');
      const through = await run(directory, ['import', 'memberships', '-', '--format', 'csv', '--server', url], lines);
      expect(through).toMatchObject({
        code: 0,
        stdout: '2 accepted, 1 rejected\n',
        stderr: expect.stringMatching(/^line 2: /),
      });
      const put = JSON.stringify({ type: 'presence.set', user_id: userAt(0), device_id: 'D', presence: 'online' });
      expect(await run(directory, ['produce', 'commands', '-', '--server', url], put)).toMatchObject({ code: 0 });

      const change = JSON.parse(await following.line()) as { key: string; value: object };
      expect(change).toMatchObject({
        key: userAt(0),
        value: { type: 'presence.changed', presence: 'online', version: 1 },
      });
      following.child.kill('SIGINT');
      expect(await following.ended).toEqual({ code: 0, signal: null });

      const unchecked = ['produce', 'commands', '-', '--unchecked', '--key', userAt(0), '--server', url];
      expect(await run(directory, unchecked, 'poison\n{"v":1}\n')).toMatchObject({
        code: 0,
        stdout: '2 accepted, 0 rejected\n',
      });
      const rejected = (await run(directory, ['log', 'read', 'rejected'])).stdout.split('\n').filter(Boolean);
      expect(rejected.map((line) => JSON.parse(line) as unknown)).toEqual([
        expect.objectContaining({
          key: userAt(0),
          value: 'poison',
          headers: expect.objectContaining({ reason: expect.any(String) }),
        }),
        expect.objectContaining({ key: userAt(0), value: { v: 1 } }),
      ]);

      const refused = await run(
        directory,
        ['produce', 'rooms', '-', '--server', url],
        '{"room_id":"!r:hs","presence":"share"}',
        { ADMIN_TOKEN: 'wrong' },
      );
      expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('set ADMIN_TOKEN') });
      const states = await run(directory, ['log', 'read', 'states']);
      expect(states.stdout).toContain('"key":"!progress"');
      expect(await run(directory, ['topics', 'check'])).toMatchObject({ code: 0, stderr: '' });
    } finally {
      await server.stop();
    }
  }, 120_000);
});

it('a reader that goes away ends the command quietly', async () => {
  const directory = fresh();
  const lines = Array.from({ length: 20_000 }, (_line, index) => lineOf(index)).join('');
  await run(directory, ['import', 'memberships', '-', '--format', 'csv'], lines);
  const words = [process.execPath, ...programArguments(main), 'log', 'read', 'memberships']
    .map((word) => `'${word}'`)
    .join(' ');
  const { stdout, stderr, code } = await execute('sh', ['-c', `${words} | head -n 1`], directory);
  expect({ lines: stdout.split('\n').length, stderr, code }).toEqual({ lines: 2, stderr: '', code: 0 });
});
