// Which record comes next, of several inputs of one partition: the earliest, as far as it can be known. Invariant: an
// input that is known to hold more than was read is waited for; one that is read to its end blocks nobody.
import type { InputSource } from './input-source.js';

/** Nothing is queued. */
export const NOTHING = -1;
/** An input is behind its known end with an empty queue: its next record may be the earlier one. */
export const AWAITED = -2;
/** The earliest record is old, and nothing proves that another input, now empty, held nothing earlier: ask for the ends. */
export const UNPROVEN = -3;

/** What the choice may assume about the clocks. */
export interface Moment {
  readonly nowMs: number;
  /** The largest difference seen between the log's clock and ours, milliseconds. */
  readonly clockDifferenceMs: number;
  /** Older heads than this are late, milliseconds. */
  readonly lagMs: number;
}

/** The index of the input whose head is to be taken, or why none is. At equal times the first input wins. */
export function choose(sources: readonly InputSource[], moment: Moment): number {
  let chosen = NOTHING;
  let earliestMs = Infinity;
  for (let index = 0; index < sources.length; index += 1) {
    const { headMs } = sources[index]!;
    if (headMs < earliestMs) {
      earliestMs = headMs;
      chosen = index;
    }
  }
  if (chosen === NOTHING) return NOTHING;
  const late = moment.nowMs - moment.clockDifferenceMs - earliestMs > moment.lagMs;
  for (const source of sources) {
    if (source.headMs !== Infinity) continue;
    if (source.isAwaited) return AWAITED;
    if (late && source.provenMs - moment.clockDifferenceMs < earliestMs) return UNPROVEN;
  }
  return chosen;
}

/** The time up to which every timer may fire: no input will be taken that is earlier. */
export function horizonOf(sources: readonly InputSource[], slackMs: number): number {
  let horizonMs = Infinity;
  for (const source of sources) {
    const its = source.horizonMs(slackMs);
    if (its < horizonMs) horizonMs = its;
  }
  return horizonMs;
}
