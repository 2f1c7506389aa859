// The administrator's feed: everybody's latest state, as the view of states moves. Invariant: per reader at most one waiting
// entry a user, whatever its latest state is then; a reader that falls too far behind begins again with the fallback.
import type { Clock } from '#libs/event-log';
import type { BusyName } from '#libs/matrix';
import { isPlainOffline, type StatesView } from '#libs/views';
import { whenCalled, type Feed, type Wanted } from './feed.js';
import { eventText } from './event-texts.js';

export interface EveryoneOptions {
  readonly clock: Clock;
  readonly states: () => StatesView;
  readonly busyName: BusyName;
  readonly maxWaiting: number;
}

const FORM = /^a1_([0-9a-z]{1,11})$/;
const FALLBACK_MARGIN_MS = 60_000;

export class Everyone {
  readonly #readers = new Set<EveryoneReader>();

  constructor(private readonly options: EveryoneOptions) {}

  moved(userId: string): void {
    for (const reader of this.#readers) reader.moved(userId);
  }

  /** `since`: a token of such a stream, `malformed` for anything else. */
  read(since: string | undefined): EveryoneReader | 'malformed' {
    const parts = since === undefined ? null : FORM.exec(since);
    if (since !== undefined && parts === null) return 'malformed';
    const afterMs = parts === null ? Infinity : Number.parseInt(parts[1] ?? '', 36) - FALLBACK_MARGIN_MS;
    const reader = new EveryoneReader(this.options, afterMs, () => this.#readers.delete(reader));
    this.#readers.add(reader);
    return reader;
  }
}

export class EveryoneReader implements Feed {
  /** It begins again by itself. */
  readonly isBehind = false;
  #waiting = new Set<string>();
  #overflown = false;
  #tokenMs: number;
  readonly #listeners = new Set<() => void>();

  constructor(
    private readonly options: EveryoneOptions,
    changedAfterMs: number,
    private readonly onClose: () => void,
  ) {
    this.#tokenMs = options.clock.nowMs();
    this.#fill(changedAfterMs);
  }

  moved(userId: string): void {
    if (this.#waiting.size >= this.options.maxWaiting) this.#overflown = true;
    else this.#waiting.add(userId);
    for (const listener of this.#listeners) listener();
  }

  take(wanted: Wanted): string[] {
    const nowMs = this.options.clock.nowMs();
    const states = this.options.states();
    const texts: string[] = [];
    for (const userId of this.#waiting) {
      if (texts.length >= wanted.limit) return texts;
      this.#waiting.delete(userId);
      const state = states.get(userId);
      if (state !== undefined) texts.push(eventText(userId, state.view, nowMs, this.options.busyName));
    }
    if (this.#overflown) {
      this.#overflown = false;
      this.#fill(this.#tokenMs - FALLBACK_MARGIN_MS);
    } else {
      this.#tokenMs = nowMs;
    }
    return texts;
  }

  each(passes: Wanted['passes'], tell: (text: string, token: string) => 'more' | 'enough'): void {
    const one = { passes, limit: 1 };
    for (;;) {
      const [text] = this.take(one);
      if (text === undefined || tell(text, this.token()) === 'enough') return;
    }
  }

  /** Moves on only when nothing waits: whoever resumes is told everything since then once more. */
  token(): string {
    return `a1_${this.#tokenMs.toString(36)}`;
  }

  changed(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size > 0) return Promise.resolve();
    return whenCalled((listener) => this.listen(listener), signal);
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  close(): void {
    this.onClose();
  }

  #fill(changedAfterMs: number): void {
    const states = this.options.states();
    for (const userId of states.users()) {
      const state = states.get(userId);
      if (state?.view === undefined) continue;
      if (!isPlainOffline(state.view) || state.changedAtMs > changedAfterMs) this.#waiting.add(userId);
    }
  }
}
