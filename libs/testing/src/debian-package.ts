// Programs from Debian's packages, unpacked into a cache of our own. Invariant: the system is never touched (no package is installed,
// nothing is written outside of the cache), and a folder of the cache exists only when it is complete.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

const LIMIT_MS = 30_000;
const FETCH_LIMIT_MS = 120_000;

export interface Found {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface DebianProgram {
  /** Of the package; the program's folder is found. */
  readonly name: string;
  /** What is called so on PATH, too. */
  readonly otherNames?: readonly string[];
  /** With it the program says its version and ends. */
  readonly versionWord: string;
}

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

/** The package and what of its libraries is not installed here, unpacked side by side. */
function fetchInto(folder: string, name: string): void {
  mkdirSync(dirname(folder), { recursive: true });
  const workshop = mkdtempSync(`${folder}.part-`);
  try {
    const [unpacked, archives] = [join(workshop, 'unpacked'), join(workshop, 'archives')];
    for (const made of [unpacked, archives]) mkdirSync(made);
    const apt = aptIn(join(workshop, 'apt'));
    apt(['-qq', 'update'], archives);
    const planned = apt(['-s', 'install', '--no-install-recommends', name], archives);
    const names = [...planned.matchAll(/^Inst (\S+)/gm)].map((found) => found[1] ?? '');
    apt(['-q', 'download', ...names], archives);
    for (const archive of readdirSync(archives))
      execFileSync('dpkg-deb', ['-x', join(archives, archive), unpacked], { timeout: LIMIT_MS });
    renameSync(unpacked, folder);
  } finally {
    rmSync(workshop, { recursive: true, force: true });
  }
}

function unpackedIn(folder: string, name: string): Found {
  const library = join(folder, 'usr', 'lib');
  const folders = existsSync(library) ? readdirSync(library, { withFileTypes: true }) : [];
  const inner = folders.filter((entry) => entry.isDirectory()).map((entry) => join(library, entry.name));
  const programs = ['bin', 'sbin'].map((part) => join(folder, 'usr', part, name));
  const program = programs.find((path) => existsSync(path)) ?? name;
  return { program, environment: { LD_LIBRARY_PATH: [library, ...inner].join(':') } };
}

/** What there is on PATH or can be had, or a sentence why there is none. Waits while it is fetched (some seconds, once a machine). */
export function findDebianProgram({
  name,
  otherNames = [],
  versionWord,
}: DebianProgram): Found | { readonly reason: string } {
  const answers = ({ program, environment }: Found): boolean =>
    spawnSync(program, [versionWord], { env: { ...process.env, ...environment }, stdio: 'ignore' }).status === 0;
  for (const program of [name, ...otherNames]) {
    const found = { program, environment: {} };
    if (answers(found)) return found;
  }
  const caches = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  const folder = join(caches, 'rollcall', `${name}-${process.arch}`);
  if (existsSync(folder)) return unpackedIn(folder, name);
  if (!isCommand('apt-get') || !isCommand('dpkg-deb'))
    return { reason: `${name} is not on PATH, and there is no apt to fetch it with (install the package ${name})` };
  try {
    fetchInto(folder, name);
  } catch (error) {
    // Another process of the same run was quicker.
    if (!existsSync(folder))
      return {
        reason: `${name} is not on PATH, and apt could not fetch it: ${(error as Error).message.split('\n')[0]}`,
      };
  }
  return unpackedIn(folder, name);
}
