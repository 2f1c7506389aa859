// Doing something until the log takes it. Invariant: an act begins only while the group's last confirmation of this member is
// younger than the session timeout, so that a process that slept does not send what its heir has overtaken; and nothing
// begins after `end`.
import { LogUnavailableError } from '#libs/event-log';
import type { FanoutOptions } from './surroundings.js';

export interface PatienceOptions extends Pick<FanoutOptions, 'clock' | 'limits' | 'lines' | 'meter'> {
  /** Who waits, for logs. */
  readonly name: string;
  readonly lastHeartbeatMs: () => number;
}

export class Patience {
  readonly #ending = new AbortController();
  readonly #pauses = new Set<() => void>();

  constructor(private readonly options: PatienceOptions) {}

  /** Aborted by `end`. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  end(): void {
    this.#ending.abort(new Error(`${this.options.name} is not ours any more`));
    for (const end of [...this.#pauses]) end();
  }

  /** Again and again while the log is unavailable; any other error is passed on, and after `end` its reason is. */
  async persist<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.#confirmed();
      try {
        const result = await act();
        this.signal.throwIfAborted();
        return result;
      } catch (error) {
        if (!(error instanceof LogUnavailableError)) throw error;
        const { meter, lines, limits, name } = this.options;
        meter.retried();
        lines.warn(`${name} waits for the log`, { error });
        await this.#pause(limits.retryAfterMs);
      }
    }
  }

  async #confirmed(): Promise<void> {
    const { clock, limits, meter, lastHeartbeatMs } = this.options;
    this.signal.throwIfAborted();
    while (clock.nowMs() - lastHeartbeatMs() >= limits.sessionTimeoutMs) {
      meter.heldBack();
      await this.#pause(limits.retryAfterMs);
      this.signal.throwIfAborted();
    }
  }

  #pause(spanMs: number): Promise<void> {
    const { clock } = this.options;
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const cancel = clock.wakeAt(clock.nowMs() + spanMs, end);
      this.#pauses.add(end);
    });
  }
}
