// Synapse itself, from PyPI into a virtual environment of this checkout. Invariant: whether there can be one is known before any
// test runs; it is installed once, by whoever comes first, and one that is half installed is never taken for whole.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot, withLock } from '#libs/testing';

const run = promisify(execFile);

export const SYNAPSE_VERSION = '1.163.2';
const REQUIREMENT = `matrix-synapse==${SYNAPSE_VERSION}`;
const OLDEST_PYTHON = '3.10';
const INSTALL_LIMIT_MS = 600_000;
const PATIENT = ['--disable-pip-version-check', '--timeout', '15', '--retries', '1'];

const folder = (): string => join(repositoryRoot(), 'node_modules', '.cache', 'rollcall', `synapse-${SYNAPSE_VERSION}`);
const wholeMark = (): string => join(folder(), 'whole');

/** Why there is no Synapse and can be none; undefined = there is one, or will be. */
export function synapseFault(): string | undefined {
  if (existsSync(wholeMark())) return undefined;
  const check = `import ensurepip, sys, venv; sys.exit(sys.version_info < (${OLDEST_PYTHON.replace('.', ', ')}))`;
  const python = spawnSync('python3', ['-c', check], { stdio: 'ignore' });
  if (python.error !== undefined) return 'no python3 on PATH';
  if (python.status !== 0) return `python3 is older than ${OLDEST_PYTHON}, or has no venv (Debian: python3-venv)`;
  const attempt = mkdtempSync(join(tmpdir(), 'rollcall-synapse-'));
  try {
    const words = ['-m', 'pip', 'download', '-q', ...PATIENT, '--no-deps', '--only-binary=:all:', '-d', attempt];
    const { status, stderr } = spawnSync('python3', [...words, REQUIREMENT], { encoding: 'utf8' });
    return status === 0
      ? undefined
      : `pip cannot get ${REQUIREMENT} (${stderr.trim().split('\n').at(-1) ?? 'no reason given'})`;
  } finally {
    rmSync(attempt, { recursive: true, force: true });
  }
}

/** The Python that has Synapse. */
export async function synapsePython(): Promise<string> {
  const python = join(folder(), 'bin', 'python');
  if (existsSync(wholeMark())) return python;
  mkdirSync(dirname(folder()), { recursive: true });
  return withLock(`${folder()}.lock`, async () => {
    if (existsSync(wholeMark())) return python;
    rmSync(folder(), { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder()], { timeout: INSTALL_LIMIT_MS });
    const words = ['-m', 'pip', 'install', '-q', ...PATIENT, '--prefer-binary', REQUIREMENT];
    await run(python, words, { timeout: INSTALL_LIMIT_MS, maxBuffer: 64 << 20 });
    writeFileSync(wholeMark(), `${REQUIREMENT}\n`);
    return python;
  });
}
