// A lock between processes: a folder that holds its owner's pid. Invariant: one alive process holds it at a time; the
// lock of a process that died is taken over. Shell scripts can take it too (mkdir, then the file `pid`).
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const RETRY_MS = 100;
/** An owner writes its pid at once: a lock without one for so many tries was left by a crash in between. */
const TRIES_WITHOUT_PID = 30;

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const ownerOf = (lock: string): number | undefined => {
  const file = join(lock, 'pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) || undefined : undefined;
};

/** Renamed before it is removed, so that of two who see a dead owner only one clears its lock. */
function clear(lock: string): void {
  const aside = `${lock}.dead-${process.pid}`;
  try {
    renameSync(lock, aside);
    rmSync(aside, { recursive: true, force: true });
  } catch {
    // somebody else cleared it
  }
}

function tryTake(lock: string): boolean {
  try {
    mkdirSync(lock);
  } catch {
    return false;
  }
  writeFileSync(join(lock, 'pid'), String(process.pid));
  return true;
}

/** Runs `work` while no other process does. */
export async function withLock<T>(lock: string, work: () => Promise<T>): Promise<T> {
  let withoutPid = 0;
  while (!tryTake(lock)) {
    const owner = ownerOf(lock);
    withoutPid = owner === undefined ? withoutPid + 1 : 0;
    if (withoutPid > TRIES_WITHOUT_PID || (owner !== undefined && !isAlive(owner))) {
      clear(lock);
      withoutPid = 0;
    } else {
      await sleep(RETRY_MS);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}
