// A standalone Rollcall as a process of its own on a fresh data directory, for benchmarks through its doors. Invariant:
// the process and its directory are gone afterwards, whatever happened.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../standalone/src/main.js', import.meta.url));
const TICKS_PER_SECOND = 100;

export interface Server {
  readonly port: number;
  /** CPU seconds of the process so far (Linux). */
  cpuSeconds(): number;
  peakRssBytes(): number;
  stop(): Promise<void>;
}

export async function startServer(environment: Readonly<Record<string, string>>): Promise<Server> {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, DATA_DIR: directory, HTTP_PORT: '0', LOG_LEVEL: 'warn', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = async (): Promise<void> => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await gone;
    }
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const port = await portOf(child);
    return { port, cpuSeconds: () => cpuOf(child), peakRssBytes: () => peakOf(child), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.once('exit', (code) => reject(new Error(`the server stopped with exit code ${code} before it was ready`)));
  });
}

/** CPU seconds of a process so far, as the kernel counts them (Linux). */
export function cpuOf(child: ChildProcess): number {
  const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export function peakOf(child: ChildProcess): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}
