// kcat, a Kafka client that shares no line with ours (librdkafka): on PATH, or taken from Debian's packages into a cache of
// our own. Invariant: the system is never touched (no package is installed, nothing is written outside of the cache), and
// the cache folder exists only when it is complete.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const LIMIT_MS = 30_000;
const FETCH_LIMIT_MS = 120_000;

export interface Found {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A record as kcat prints it with -J. */
export interface KcatRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly payload: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

const cacheFolder = (): string =>
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'rollcall', `kcat-${process.arch}`);

const isCommand = (name: string): boolean => spawnSync(name, ['--version'], { stdio: 'ignore' }).error === undefined;

/** apt with lists and archives of its own: neither rights nor the system's lists are needed. */
function aptIn(folder: string): (args: readonly string[], cwd: string) => string {
  const [state, cache] = [join(folder, 'state'), join(folder, 'cache')];
  mkdirSync(join(state, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true });
  const settings = {
    'Dir::State': state,
    'Dir::State::status': '/var/lib/dpkg/status',
    'Dir::Cache': cache,
    'Debug::NoLocking': '1',
    'APT::Sandbox::User': '',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return (args, cwd) =>
    execFileSync('apt-get', [...options, ...args], {
      cwd,
      encoding: 'utf8',
      timeout: FETCH_LIMIT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
}

/** kcat and what of its libraries is not installed here, unpacked side by side. */
function fetchInto(folder: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  const workshop = mkdtempSync(`${folder}.part-`);
  try {
    const [unpacked, archives] = [join(workshop, 'unpacked'), join(workshop, 'archives')];
    for (const made of [unpacked, archives]) mkdirSync(made);
    const apt = aptIn(join(workshop, 'apt'));
    apt(['-qq', 'update'], archives);
    const planned = apt(['-s', 'install', '--no-install-recommends', 'kcat'], archives);
    const names = [...planned.matchAll(/^Inst (\S+)/gm)].map((found) => found[1] ?? '');
    apt(['-q', 'download', ...names], archives);
    for (const archive of readdirSync(archives))
      execFileSync('dpkg-deb', ['-x', join(archives, archive), unpacked], { timeout: LIMIT_MS });
    renameSync(unpacked, folder);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function cached(folder: string): Found {
  const library = join(folder, 'usr', 'lib');
  const folders = readdirSync(library, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const path = [library, ...folders.map(({ name }) => join(library, name))].join(':');
  return { program: join(folder, 'usr', 'bin', 'kcat'), environment: { LD_LIBRARY_PATH: path } };
}

const answers = ({ program, environment }: Found): boolean =>
  spawnSync(program, ['-V'], { env: { ...process.env, ...environment }, stdio: 'ignore' }).status === 0;

/** What there is, or a sentence why there is none. Waits while it is fetched (some seconds, once a machine). */
export function findKcat(): Found | { readonly reason: string } {
  for (const program of ['kcat', 'kafkacat']) {
    const found = { program, environment: {} };
    if (answers(found)) return found;
  }
  const folder = cacheFolder();
  if (existsSync(folder)) return cached(folder);
  if (!isCommand('apt-get') || !isCommand('dpkg-deb'))
    return { reason: 'kcat is not on PATH, and there is no apt to fetch it with (install the package kcat)' };
  try {
    fetchInto(folder);
  } catch (error) {
    // Another process of the same run was quicker.
    if (!existsSync(folder))
      return { reason: `kcat is not on PATH, and apt could not fetch it: ${(error as Error).message.split('\n')[0]}` };
  }
  return cached(folder);
}

interface KcatJson {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly payload: string | null;
  readonly headers?: readonly string[];
}

function readRecord(line: string): KcatRecord {
  const { partition, offset, key, payload, headers: flat = [] } = JSON.parse(line) as KcatJson;
  const headers: Record<string, string> = {};
  for (let index = 0; index + 1 < flat.length; index += 2) headers[String(flat[index])] = String(flat[index + 1]);
  return { partition, offset, key, payload, headers };
}

export class Kcat {
  constructor(
    private readonly found: Found,
    private readonly brokers: readonly string[],
  ) {}

  /** Any line of kcat, `input` on its standard input; resolves with its standard output. */
  run(args: readonly string[], input: string | Buffer = ''): Promise<string> {
    const { program, environment } = this.found;
    const child = spawn(program, ['-b', this.brokers.join(','), ...args], {
      env: { ...process.env, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    });
    const [output, errors]: Buffer[][] = [[], []];
    child.stdout.on('data', (chunk: Buffer) => output?.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => errors?.push(chunk));
    // It may end before it has read everything; its exit code says why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        if (code === 0) resolve(Buffer.concat(output ?? []).toString());
        else
          reject(
            new Error(`kcat ${args.join(' ')} ended with ${code ?? signal}: ${Buffer.concat(errors ?? []).toString()}`),
          );
      });
    });
  }

  /** Everything that a topic holds now, as a consumer that knows nothing of us sees it. */
  async read(topic: string): Promise<KcatRecord[]> {
    const text = await this.run(['-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-J']);
    return text.split('\n').filter(Boolean).map(readRecord);
  }

  /** Lines `key TAB value`, placed as Kafka's own clients do unless `args` say otherwise. */
  async produce(topic: string, lines: readonly string[], args: readonly string[] = []): Promise<void> {
    const placing = ['-X', 'topic.partitioner=murmur2_random', '-X', 'message.max.bytes=8000000'];
    await this.run(['-P', '-t', topic, '-K', '\t', ...placing, ...args], lines.map((line) => `${line}\n`).join(''));
  }
}
