// What a user's views add up to between two times, the first in and the second out: how long online, how long visible, how many
// changes. Invariant: nothing outside the window counts, and the states of a user fill the window without a gap. Pure.
import type { Presence } from '#libs/presence';

export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export class OnlineTime {
  /** Online or busy, milliseconds. */
  onlineMs = 0;
  /** Not offline, milliseconds. */
  visibleMs = 0;
  changes = 0;
  #presence: Presence;
  #sinceMs: number;

  /** `presence` is what was shown at the window's start, or is replaced by a change before it. */
  constructor(
    private readonly span: Span,
    presence: Presence,
  ) {
    this.#presence = presence;
    this.#sinceMs = span.fromMs;
  }

  /** A change of the view; in the order of their times. */
  move(atMs: number, presence: Presence): void {
    const { fromMs, toMs } = this.span;
    this.#pass(Math.min(Math.max(atMs, fromMs), toMs));
    this.#presence = presence;
    if (atMs >= fromMs && atMs < toMs) this.changes += 1;
  }

  end(): this {
    this.#pass(this.span.toMs);
    return this;
  }

  #pass(atMs: number): void {
    const ms = atMs - this.#sinceMs;
    if (ms <= 0) return;
    if (this.#presence !== 'offline') this.visibleMs += ms;
    if (this.#presence === 'online' || this.#presence === 'busy') this.onlineMs += ms;
    this.#sinceMs = atMs;
  }
}
