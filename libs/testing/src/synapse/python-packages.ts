// Python programs for tests, from PyPI into virtual environments of this checkout. Invariant: whether there can be one is known
// before any test runs; it is installed once, by whoever comes first, and one that is half installed is never taken for whole.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../kafka/pid-lock.js';
import { repositoryRoot } from '../run-program.js';

const run = promisify(execFile);

export interface PythonPackage {
  readonly name: string;
  readonly version: string;
}

export const SYNAPSE: PythonPackage = { name: 'matrix-synapse', version: '1.163.2' };
export const MATRIX_NIO: PythonPackage = { name: 'matrix-nio', version: '0.26.0' };

const OLDEST_PYTHON = '3.10';
const INSTALL_LIMIT_MS = 600_000;
const PATIENT = ['--disable-pip-version-check', '--timeout', '15', '--retries', '1'];

const requirement = ({ name, version }: PythonPackage): string => `${name}==${version}`;
const folderOf = ({ name, version }: PythonPackage): string =>
  join(repositoryRoot(), 'node_modules', '.cache', 'rollcall', `${name.replace('matrix-', '')}-${version}`);
const wholeMark = (wanted: PythonPackage): string => join(folderOf(wanted), 'whole');

/** Why it is not there and cannot be had; undefined = it is there, or will be. */
export function packageFault(wanted: PythonPackage): string | undefined {
  if (existsSync(wholeMark(wanted))) return undefined;
  const check = `import ensurepip, sys, venv; sys.exit(sys.version_info < (${OLDEST_PYTHON.replace('.', ', ')}))`;
  const python = spawnSync('python3', ['-c', check], { stdio: 'ignore' });
  if (python.error !== undefined) return 'no python3 on PATH';
  if (python.status !== 0) return `python3 is older than ${OLDEST_PYTHON}, or has no venv (Debian: python3-venv)`;
  const attempt = mkdtempSync(join(tmpdir(), 'rollcall-python-'));
  try {
    const words = ['-m', 'pip', 'download', '-q', ...PATIENT, '--no-deps', '--only-binary=:all:', '-d', attempt];
    const { status, stderr } = spawnSync('python3', [...words, requirement(wanted)], { encoding: 'utf8' });
    return status === 0
      ? undefined
      : `pip cannot get ${requirement(wanted)} (${stderr.trim().split('\n').at(-1) ?? 'no reason given'})`;
  } finally {
    rmSync(attempt, { recursive: true, force: true });
  }
}

/** The Python that has it. */
export async function pythonWith(wanted: PythonPackage): Promise<string> {
  const folder = folderOf(wanted);
  const python = join(folder, 'bin', 'python');
  if (existsSync(wholeMark(wanted))) return python;
  mkdirSync(dirname(folder), { recursive: true });
  return withLock(`${folder}.lock`, async () => {
    if (existsSync(wholeMark(wanted))) return python;
    rmSync(folder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', folder], { timeout: INSTALL_LIMIT_MS });
    const words = ['-m', 'pip', 'install', '-q', ...PATIENT, '--prefer-binary', requirement(wanted)];
    await run(python, words, { timeout: INSTALL_LIMIT_MS, maxBuffer: 64 << 20 });
    writeFileSync(wholeMark(wanted), `${requirement(wanted)}\n`);
    return python;
  });
}
