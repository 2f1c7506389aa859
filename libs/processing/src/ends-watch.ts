// Asks where the inputs end, for all tasks of a process at once: one request a topic, only while somebody wants to know,
// never two at a time, never faster than its pace. Invariant: the moment told with an answer lies before the request,
// so that whatever was appended up to it lies before those ends.
import type { Clock, EventLog } from '#libs/event-log';
import { asError } from './stops.js';

export interface EndsWatchOptions {
  readonly log: Pick<EventLog, 'ends'>;
  readonly clock: Clock;
  readonly topics: readonly string[];
  /** The least time between two requests, milliseconds. */
  readonly everyMs: number;
  /** After a request that failed, milliseconds. */
  readonly retryMs: number;
  /** Ends per topic, one a partition. */
  readonly onEnds: (ends: readonly (readonly number[])[], askedMs: number) => void;
  readonly onError: (error: Error) => void;
}

export class EndsWatch {
  #state: 'idle' | 'paced' | 'asking' | 'closed' = 'idle';
  #askedMs = -Infinity;
  #cancel: (() => void) | undefined;
  /** The requests made, for whoever counts them. */
  requests = 0;

  constructor(private readonly options: EndsWatchOptions) {}

  /** Somebody waits for time to pass: ask as soon as the pace allows. */
  want(): void {
    if (this.#state !== 'idle') return;
    const { clock, everyMs } = this.options;
    const nowMs = clock.nowMs();
    const dueMs = this.#askedMs + everyMs;
    // A clock that stepped back must not make anybody wait for it to come round again.
    if (nowMs >= dueMs || nowMs < this.#askedMs) this.#askInBackground();
    else this.#pause(dueMs);
  }

  close(): void {
    this.#state = 'closed';
    this.#cancel?.();
  }

  #pause(untilMs: number): void {
    this.#state = 'paced';
    this.#cancel = this.options.clock.wakeAt(untilMs, () => {
      if (this.#state === 'paced') this.#askInBackground();
    });
  }

  #askInBackground(): void {
    this.#ask().catch((error: unknown) => {
      this.options.onError(asError(error));
    });
  }

  async #ask(): Promise<void> {
    this.#state = 'asking';
    this.requests += 1;
    const { log, clock, topics, onEnds, onError, retryMs } = this.options;
    const askedMs = clock.nowMs();
    this.#askedMs = askedMs;
    let ends: readonly (readonly number[])[];
    try {
      ends = await Promise.all(topics.map((topic) => log.ends(topic)));
    } catch (error) {
      if (this.#isClosed) return;
      onError(asError(error));
      this.#pause(clock.nowMs() + retryMs);
      return;
    }
    if (this.#isClosed) return;
    this.#state = 'idle';
    onEnds(ends, askedMs);
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }
}
