// Everything that a command touches outside itself, so that tests call commands directly on a log of their own. Invariant: no
// command reads the process, the environment or the disk's layout in any other way.
import type { EventLog } from '#libs/event-log';
import type { Configuration } from '#libs/runtime';
import type { JobThread } from './threads/job-thread.js';

export interface Output {
  /** Resolves when more may be written. */
  write(text: string): Promise<void>;
}

/**
 * `write` makes an embedded log with its topics where there is none, `make` without topics; `hold` and these two keep every other
 * process from writing into its directory. On Kafka they are all the same.
 */
export type Access = 'read' | 'write' | 'hold' | 'make';

/** Threads for what can be done partition by partition. */
export interface Threads {
  readonly start: () => JobThread;
  /** How many may work at once without waiting for each other. */
  readonly cores: number;
}

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether standard error is a terminal: only then is progress shown. */
  readonly isTerminal: boolean;
  /** Aborted when the process is asked to end: what runs stops at the next safe point. */
  readonly ending: AbortSignal;
  /** Where a relative file name may start from, the likeliest first. */
  readonly folders: readonly string[];
  readonly openLog: (configuration: Configuration, access: Access) => Promise<EventLog>;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly nowMs: () => number;
  /** Absent: everything is done in this one. */
  readonly threads?: Threads;
}

/** Opens, uses and closes, whatever happens. */
export async function withLog<T>(
  { openLog }: Pick<Surroundings, 'openLog'>,
  configuration: Configuration,
  access: Access,
  use: (log: EventLog) => Promise<T>,
): Promise<T> {
  const log = await openLog(configuration, access);
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}
