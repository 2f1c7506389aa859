// Who a process is, so that a number which the system has given to another process since is not mistaken for it.
// Invariant: on Linux an identity names one process for ever (boot, namespace, pid, start); elsewhere as well as can be.
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

export interface ProcessIdentity {
  readonly pid: number;
  readonly host: string;
  /** Linux: which boot, which pid namespace, and at which tick the process started. */
  readonly boot?: string;
  readonly namespace?: string;
  readonly startedTicks?: string;
}

const tryRead = (read: () => string): string | undefined => {
  try {
    return read();
  } catch {
    // No /proc here, or no such process: both are told as `undefined`.
    return undefined;
  }
};

const boot = (): string | undefined => tryRead(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
const namespace = (): string | undefined => tryRead(() => readlinkSync('/proc/self/ns/pid'));

/** State and start tick of a process; undefined = there is none, or no /proc. */
const statOf = (pid: number): { state: string; startedTicks: string } | undefined => {
  const stat = tryRead(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === undefined) return undefined;
  // The command in parentheses may hold spaces; what follows its end does not.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startedTicks: fields[19] ?? '' };
};

export const ownIdentity = (): ProcessIdentity => {
  const [bootId, pids, stat] = [boot(), namespace(), statOf(process.pid)];
  return {
    pid: process.pid,
    host: hostname(),
    ...(bootId === undefined ? {} : { boot: bootId }),
    ...(pids === undefined ? {} : { namespace: pids }),
    ...(stat === undefined ? {} : { startedTicks: stat.startedTicks }),
  };
};

/** `unknown`: it cannot be told from here (another pid namespace, or a system without /proc). */
export type Liveness = 'alive' | 'dead' | 'unknown';

export const livenessOf = (other: ProcessIdentity, own: ProcessIdentity = ownIdentity()): Liveness => {
  if (other.boot === undefined || own.boot === undefined) return livenessByPid(other.pid);
  if (other.boot !== own.boot) return other.host === own.host ? 'dead' : 'unknown';
  if (other.namespace !== own.namespace) return 'unknown';
  const stat = statOf(other.pid);
  if (stat === undefined || stat.startedTicks !== other.startedTicks) return 'dead';
  return stat.state === 'Z' || stat.state === 'X' ? 'dead' : 'alive';
};

/** Where there is no /proc: a pid that nobody has is surely dead; one that somebody has may be somebody else's. */
const livenessByPid = (pid: number): Liveness => {
  try {
    process.kill(pid, 0);
    return 'unknown';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? 'dead' : 'unknown';
  }
};
