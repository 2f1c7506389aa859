// Everything that a command touches outside itself, so that tests call commands directly on a log of their own. Invariant: no
// command reads the process, the environment or the disk's layout in any other way.
import type { EventLog } from '#libs/event-log';
import type { Configuration } from '#libs/runtime';

export interface Output {
  /** Resolves when more may be written. */
  write(text: string): Promise<void>;
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
  readonly openLog: (configuration: Configuration, access: 'read' | 'write') => Promise<EventLog>;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly nowMs: () => number;
}

/** Opens, uses and closes, whatever happens. */
export async function withLog<T>(
  { openLog }: Pick<Surroundings, 'openLog'>,
  configuration: Configuration,
  access: 'read' | 'write',
  use: (log: EventLog) => Promise<T>,
): Promise<T> {
  const log = await openLog(configuration, access);
  try {
    return await use(log);
  } finally {
    await log.close();
  }
}
