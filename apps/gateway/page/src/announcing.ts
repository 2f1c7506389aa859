// What a screen reader is told by itself: how many are there, at most every ten seconds and only when it changed; and at once when
// the server goes and comes back. Invariant: never more than one sentence at a time.
import { PRESENCES, PRESENCE_WORDS, type Counts } from './told.js';

export const BETWEEN_MS = 10_000;

export class Announcing {
  #saidAtMs = -Infinity;
  #counted = '';

  /** undefined: nothing to be said now. */
  counts(counts: Counts, nowMs: number): string | undefined {
    const sentence = `${PRESENCES.map((presence) => `${String(counts[presence])} ${PRESENCE_WORDS[presence]}`).join(', ')}.`;
    if (sentence === this.#counted || nowMs - this.#saidAtMs < BETWEEN_MS) return undefined;
    this.#counted = sentence;
    this.#saidAtMs = nowMs;
    return sentence;
  }

  /** Something that cannot wait; counts wait behind it. */
  urgent(sentence: string, nowMs: number): string {
    this.#saidAtMs = nowMs;
    return sentence;
  }
}
