// Rates from totals: how many a second between two looks. Invariant: totals that began anew (another index, another log) give no
// rate rather than a negative one; at most so many looks are kept.
import type { PulseTold } from './told.js';

export const RATE_WORDS = ['inputs', 'changes', 'deliveries', 'rejected'] as const;
export type RateWord = (typeof RATE_WORDS)[number];

export interface Rates {
  readonly atTs: number;
  /** A second. */
  readonly inputs: number;
  readonly changes: number;
  readonly deliveries: number;
  readonly rejected: number;
}

const MOST = 150;

export class RateHistory {
  rates: readonly Rates[] = [];
  #last: PulseTold | undefined;

  add(pulse: PulseTold): void {
    const last = this.#last;
    this.#last = pulse;
    if (last === undefined || last.totals.index !== pulse.totals.index || pulse.now_ts <= last.now_ts) return;
    const seconds = (pulse.now_ts - last.now_ts) / 1_000;
    const rate = (word: RateWord): number => (pulse.totals[word] - last.totals[word]) / seconds;
    const rates = RATE_WORDS.map(rate);
    if (rates.some((each) => each < 0)) return;
    const [inputs = 0, changes = 0, deliveries = 0, rejected = 0] = rates;
    this.rates = [...this.rates.slice(1 - MOST), { atTs: pulse.now_ts, inputs, changes, deliveries, rejected }];
  }

  get now(): Rates | undefined {
    return this.rates[this.rates.length - 1];
  }
}
