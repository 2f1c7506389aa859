// The index of recent changes of this gateway, kept while somebody looks: opened by the first question, closed some minutes
// after the last. Invariant: a gateway whose page nobody opens reads no change and holds none; whoever asks is answered from
// where the log ended when they asked, within a bounded wait.
import type { EventLog, Tail } from '#libs/event-log';
import { RecentChanges } from '#libs/views';
import type { Gateway } from '../gateway.js';

export interface LookingBackBounds {
  readonly maxChanges: number;
  readonly maxMessageCharacters: number;
  /** Longest wait for the index to be where the log ended. */
  readonly maxWaitMs: number;
  /** Without a question for so long, the index is given up. */
  readonly idleMs: number;
}

export const LOOKING_BACK_BOUNDS: LookingBackBounds = {
  maxChanges: 200_000,
  maxMessageCharacters: 16 * 1024 * 1024,
  maxWaitMs: 5_000,
  idleMs: 600_000,
};

/** One index, from opening to closing. Its name begins the positions in it: another one numbers its changes anew. */
export interface OpenIndex {
  readonly name: string;
  readonly changes: RecentChanges;
  /** Fires when it is given up. */
  readonly closed: AbortSignal;
  /** Records of the topic of what was rejected, since it was opened. */
  rejected: number;
}

interface Opened {
  readonly index: OpenIndex;
  readonly tail: Promise<Tail>;
  readonly close: () => void;
}

export class LookingBack {
  #opened: Opened | undefined;
  #numbered = 0;
  #askedMs = 0;
  #holders = 0;
  #cancelWatch = (): void => undefined;

  constructor(
    private readonly gateway: Gateway,
    private readonly bounds: LookingBackBounds = LOOKING_BACK_BOUNDS,
  ) {}

  /** The index, as far as the log goes now; a log that cannot be asked leaves what is known. */
  async index(): Promise<OpenIndex> {
    const { log, clock } = this.gateway.options;
    this.#askedMs = clock.nowMs();
    const opened = (this.#opened ??= this.#open(log));
    try {
      await opened.tail;
    } catch (error) {
      this.#giveUp(opened);
      throw error;
    }
    await this.#caughtUp(opened);
    return opened.index;
  }

  /** While held, it is not given up for idleness. */
  hold(): () => void {
    this.#holders += 1;
    return () => {
      this.#holders -= 1;
      this.#askedMs = this.gateway.options.clock.nowMs();
    };
  }

  async stop(): Promise<void> {
    const opened = this.#opened;
    if (opened === undefined) return;
    this.#giveUp(opened);
    const tail = await opened.tail.catch(() => {
      // It was never opened, so there is nothing to close.
      return undefined;
    });
    await tail?.close();
  }

  async #caughtUp({ index }: Opened): Promise<void> {
    const { log, clock } = this.gateway.options;
    const late = new AbortController();
    const cancel = clock.wakeAt(clock.nowMs() + this.bounds.maxWaitMs, () => {
      late.abort();
    });
    try {
      const ends = await Promise.race([log.ends(this.gateway.topics.changes), whenAborted(late.signal)]);
      await index.changes.whenAt(ends, late.signal);
    } catch {
      // The log is away: what is known is what can be told, and the page says that the server is behind.
    } finally {
      cancel();
    }
  }

  #open(log: EventLog): Opened {
    const { options, topics, states } = this.gateway;
    const { maxChanges, maxMessageCharacters } = this.bounds;
    const { partitions } = options.topics;
    const closing = new AbortController();
    const changes = new RecentChanges({ users: states.numbering, partitions, maxChanges, maxMessageCharacters });
    this.#numbered += 1;
    const name = `${options.gatewayId}.${String(this.#numbered)}`;
    const index: OpenIndex = { name, changes, closed: closing.signal, rejected: 0 };
    const tail = this.#begin(changes, log).then((starts) =>
      log.tail({
        topics: new Map<string, readonly number[] | 'end'>([
          [topics.changes, starts],
          [topics.rejected, 'end'],
        ]),
        onBatch: (batch) => {
          if (batch.topic === topics.changes) changes.apply(batch);
          else index.rejected += batch.records.length;
        },
        onError: (error, fatal) => {
          if (!fatal) return;
          options.journal.warn('recent changes cannot be read any more; the next question opens them again', { error });
          this.#giveUp(opened);
        },
      }),
    );
    const opened: Opened = {
      index,
      tail,
      close: () => {
        closing.abort();
      },
    };
    this.#watchIdle(opened);
    return opened;
  }

  /** As many of each partition as find room together. */
  async #begin(changes: RecentChanges, log: EventLog): Promise<readonly number[]> {
    const { topics, options } = this.gateway;
    const [starts, ends] = await Promise.all([log.starts(topics.changes), log.ends(topics.changes)]);
    const share = Math.floor(this.bounds.maxChanges / Math.max(1, ends.length));
    const from = ends.map((end, partition) => Math.max(starts[partition] ?? 0, end - share));
    changes.begin(from, ends, options.clock.nowMs());
    return from;
  }

  #watchIdle(opened: Opened): void {
    const { clock, journal } = this.gateway.options;
    this.#cancelWatch = clock.wakeAt(clock.nowMs() + this.bounds.idleMs / 2, () => {
      if (this.#opened !== opened) return;
      if (this.#holders > 0 || clock.nowMs() - this.#askedMs < this.bounds.idleMs) {
        this.#watchIdle(opened);
        return;
      }
      this.#giveUp(opened);
      opened.tail
        .then((tail) => tail.close())
        .catch((error: unknown) => {
          journal.warn('the reader of recent changes could not be closed', { error });
        });
    });
  }

  #giveUp(opened: Opened): void {
    if (this.#opened === opened) {
      this.#opened = undefined;
      this.#cancelWatch();
    }
    opened.close();
  }
}

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('it took too long'));
    });
  });
}
