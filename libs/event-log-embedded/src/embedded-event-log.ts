// The embedded log: the port on LMDB, one writing process, no server. Invariant: what is acknowledged is on disk.
import { MemoryEventLog, type EventLog } from '#libs/event-log';

export interface EmbeddedEventLogOptions {
  readonly directory: string;
  /** Milliseconds since the Unix epoch; default: the wall clock. */
  readonly now?: () => number;
  /** Reads beside a running writer; every write is refused. */
  readonly readOnly?: boolean;
  /** false: nothing is synced to disk, for tests and simulations (default true). */
  readonly durable?: boolean;
}

export abstract class EmbeddedEventLog extends MemoryEventLog implements EventLog {
  static async open(options: EmbeddedEventLogOptions): Promise<EmbeddedEventLog> {
    throw new Error(`Not yet: ${options.directory}`);
  }

  /** Applies retention and compaction now, to the end. */
  abstract housekeep(): Promise<void>;
}
