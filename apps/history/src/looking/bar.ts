// A user's window as one line of a terminal: each place shows the state that took most of its time. Invariant: the bar is as wide as
// asked for, and a state that lasted long enough to fill a place is seen.
import type { Presence } from '#libs/presence';
import type { StateStretch, Window } from './stretches-of-day.js';

export const BAR_SIGNS: Readonly<Record<Presence | 'unknown', string>> = {
  online: '█',
  busy: '▓',
  unavailable: '▒',
  offline: '·',
  unknown: ' ',
};

export const BAR_LEGEND = '█ online  ▓ busy  ▒ unavailable  · offline';

export function barOf(stretches: readonly StateStretch[], { fromMs, toMs }: Window, width: number): string {
  const spanMs = (toMs - fromMs) / width;
  let bar = '';
  let first = 0;
  for (let place = 0; place < width; place += 1) {
    const [startMs, endMs] = [fromMs + place * spanMs, fromMs + (place + 1) * spanMs];
    while (first < stretches.length && stretches[first]!.toMs <= startMs) first += 1;
    bar += BAR_SIGNS[longestIn(stretches, first, { fromMs: startMs, toMs: endMs })];
  }
  return bar;
}

function longestIn(stretches: readonly StateStretch[], first: number, { fromMs, toMs }: Window): Presence | 'unknown' {
  const lasted = new Map<Presence, number>();
  for (let index = first; index < stretches.length && stretches[index]!.fromMs < toMs; index += 1) {
    const stretch = stretches[index]!;
    const ms = Math.min(stretch.toMs, toMs) - Math.max(stretch.fromMs, fromMs);
    lasted.set(stretch.presence, (lasted.get(stretch.presence) ?? 0) + ms);
  }
  let longest: Presence | 'unknown' = 'unknown';
  let mostMs = 0;
  for (const [presence, ms] of lasted) {
    if (ms > mostMs) [longest, mostMs] = [presence, ms];
  }
  return longest;
}
