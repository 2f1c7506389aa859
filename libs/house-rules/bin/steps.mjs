// The steps of set-up: packages and the build, each behind a stamp of everything that it reads. Invariant: two processes
// never do a step at the same time, and a step that was cut off is done again. Uses nothing but Node: it runs first.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
const at = (...parts) => join(root, ...parts);
const textOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : '');
const hashOf = (text) => createHash('sha256').update(text).digest('hex');

const packagesStamp = () => {
  const { scripts: _scripts, ...declared } = JSON.parse(textOf(at('package.json')));
  return hashOf([JSON.stringify(declared), textOf(at('package-lock.json')), process.platform, process.arch].join('\n'));
};

const isTest = (name) => name.endsWith('.spec.ts');

/** Every file below a folder that counts, with the time and size that it has. */
const timesBelow = (folder, counts) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return timesBelow(path, counts);
    if (!counts(entry.name)) return [];
    const { mtimeMs, size } = statSync(path);
    return [`${path} ${mtimeMs} ${size}`];
  });

/** Every source of the build with the time and size that it had. */
const sourcesStamp = () => {
  const lines = [];
  for (const group of ['apps', 'libs'].filter((name) => existsSync(at(name)))) {
    for (const room of readdirSync(at(group)))
      if (existsSync(at(group, room, 'src')))
        lines.push(...timesBelow(at(group, room, 'src'), (name) => name.endsWith('.ts') && !isTest(name)));
  }
  const settings = [
    'tsconfig.json',
    'package.json',
    'libs/house-rules/tsconfig.build.json',
    'libs/house-rules/bin/bundle.mjs',
  ].map((name) => textOf(at(name)));
  return hashOf([...lines.sort(), ...settings, packagesStamp()].join('\n'));
};

/** Runs a child to its end with its output kept; shows the output only when it failed, and always on standard error. */
const runQuietly = (command, args, saying, environment = {}) =>
  new Promise((done) => {
    const started = Date.now();
    const show = process.stderr.isTTY === true;
    if (show) process.stderr.write(`${saying} … `);
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    const kept = [];
    child.stdout.on('data', (chunk) => kept.push(chunk));
    child.stderr.on('data', (chunk) => kept.push(chunk));
    const pass = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, pass);
    const finish = (code, signal) => {
      for (const name of signals) process.off(name, pass);
      const status = signal ? 128 + (constants.signals[signal] ?? 0) : code;
      if (show) process.stderr.write(status === 0 ? `${((Date.now() - started) / 1000).toFixed(1)} s\n` : 'failed\n');
      done({ status, output: Buffer.concat(kept).toString() });
    };
    child.on('error', (error) => {
      kept.push(Buffer.from(String(error)));
      finish(127, null);
    });
    child.on('close', finish);
  });

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** Waits its turn: whoever holds the lock is doing this same step for us. A holder that died loses it. */
const locked = async (step) => {
  mkdirSync(at('dist'), { recursive: true });
  const lock = at('dist', '.set-up.pid');
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const holder = Number(textOf(lock));
      const young = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? 0) < 2000;
      if (!young && !alive(holder)) rmSync(lock, { force: true });
      else await new Promise((wake) => setTimeout(wake, 100));
    }
  }
  const release = () => rmSync(lock, { force: true });
  process.on('exit', release);
  try {
    return await step();
  } finally {
    process.off('exit', release);
    release();
  }
};

const stopWith = (status, sentence, output) => {
  process.stderr.write(`${output.trimEnd()}\n${sentence}\n`);
  process.exit(status > 128 ? status : 1);
};

const npm = () => {
  const script = process.env.npm_execpath;
  return script?.endsWith('.js')
    ? [process.execPath, [script]]
    : [process.platform === 'win32' ? 'npm.cmd' : 'npm', []];
};

/** `npm install` and not `npm ci`: a lock file made elsewhere may lack other platforms' optional packages. It never writes the lock. */
export const installIfStale = async () => {
  const stampFile = at('node_modules', '.rollcall-packages');
  const fresh = () => textOf(stampFile) === packagesStamp();
  if (fresh()) return;
  await locked(async () => {
    if (fresh()) return;
    const [command, first] = npm();
    const args = [...first, 'install', '--no-save', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    const { status, output } = await runQuietly(command, args, 'Installing packages (a minute the first time)');
    if (status !== 0) stopWith(status, 'npm install failed, see above; is the package registry within reach?', output);
    writeFileSync(stampFile, packagesStamp());
  });
};

const modules = () => at('dist', 'modules');

/** What was compiled from sources that are gone. */
const dropOrphans = (folder) => {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) dropOrphans(path);
    else if (/\.js(\.map)?$/.test(entry.name)) {
      const source = join(root, relative(modules(), path).replace(/\.js(\.map)?$/, '.ts'));
      if (!existsSync(source)) rmSync(path);
    }
  }
};

const page = () => at('apps', 'gateway', 'page');

const pageStamp = () => {
  const settings = textOf(at('libs', 'house-rules', 'vite.config.mjs'));
  const files = timesBelow(page(), (name) => !isTest(name) && !name.endsWith('.md'));
  return hashOf([...files.sort(), settings, packagesStamp()].join('\n'));
};

/** Compiles every room's sources, tests left out, and joins them into programs. */
const compile = async () => {
  const project = at('libs', 'house-rules', 'tsconfig.build.json');
  const tsc = [at('node_modules', 'typescript', 'bin', 'tsc'), '-p', project];
  const outcome = await runQuietly(process.execPath, tsc, 'Building');
  if (outcome.status !== 0) return outcome;
  dropOrphans(modules());
  return runQuietly(process.execPath, [at('libs', 'house-rules', 'bin', 'bundle.mjs')], 'Joining programs');
};

/** Builds the gateway's page beside its place and moves it there: a server that starts meanwhile finds one or the other. */
const buildPage = async () => {
  const made = at('dist', '.page');
  const config = at('libs', 'house-rules', 'vite.config.mjs');
  const args = [at('node_modules', 'vite', 'bin', 'vite.js'), 'build', '--config', config];
  const outcome = await runQuietly(process.execPath, args, 'Building the page', { PAGE_OUT: made });
  if (outcome.status !== 0) return outcome;
  rmSync(at('dist', 'page'), { recursive: true, force: true });
  renameSync(made, at('dist', 'page'));
  return outcome;
};

const builds = [
  { stampFile: () => at('dist', '.built'), stampOf: sourcesStamp, make: compile },
  { stampFile: () => at('dist', '.page-built'), stampOf: pageStamp, make: buildPage, exists: () => existsSync(page()) },
];

/** Brings dist up to date: programs and page. Resolves to whether it is whole; `or` says what to do when not. */
export const buildIfStale = async (or = 'stop') => {
  const stale = () =>
    builds.filter(({ stampFile, stampOf, exists = () => true }) => exists() && textOf(stampFile()) !== stampOf());
  if (stale().length === 0) return true;
  return locked(async () => {
    let isWhole = true;
    for (const { stampFile, stampOf, make } of stale()) {
      const stamp = stampOf();
      const { status, output } = await make();
      if (status > 128 || (status !== 0 && or === 'stop')) stopWith(status, 'The build failed, see above.', output);
      if (status === 0) {
        writeFileSync(stampFile(), stamp);
      } else {
        process.stderr.write(output);
        isWhole = false;
      }
    }
    return isWhole;
  });
};
