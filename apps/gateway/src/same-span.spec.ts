// Waits of one length: called back in time, and one wake-up of the clock for all of them.
import type { Clock } from '#libs/event-log';
import { SimulatedClock } from '#libs/testing';
import { SameSpan } from './same-span.js';

const SPAN_MS = 100;

function counted(): { readonly clock: SimulatedClock; readonly counting: Clock; readonly armed: () => number } {
  const clock = new SimulatedClock(0);
  let armed = 0;
  const counting: Clock = {
    nowMs: () => clock.nowMs(),
    wakeAt: (atMs, callback) => {
      armed += 1;
      return clock.wakeAt(atMs, callback);
    },
  };
  return { clock, counting, armed: () => armed };
}

it('tells whoever is late, never early and in order, and nobody who has ended', () => {
  const { clock, counting } = counted();
  const span = new SameSpan(counting, SPAN_MS);
  const late: string[] = [];
  const begin = (name: string) => span.begin(() => late.push(name));
  begin('a');
  const b = begin('b');
  clock.advanceTo(50);
  begin('c');
  span.end(b);
  clock.advanceTo(SPAN_MS - 1);
  expect(late).toEqual([]);
  clock.advanceTo(SPAN_MS);
  expect(late).toEqual(['a']);
  clock.advanceTo(50 + SPAN_MS);
  expect(late).toEqual(['a', 'c']);
  expect(span.size).toBe(0);
});

it('arms the clock once for thousands, and keeps none who have ended', () => {
  const { counting, armed } = counted();
  const span = new SameSpan(counting, SPAN_MS);
  const first = span.begin(() => undefined);
  for (let turn = 0; turn < 5_000; turn += 1) span.end(span.begin(() => undefined));
  expect(armed()).toBe(1);
  span.end(first);
  expect(span.size).toBe(0);
});

it('arms nothing while nobody waits', () => {
  const { clock, counting, armed } = counted();
  const span = new SameSpan(counting, SPAN_MS);
  span.end(span.begin(() => undefined));
  clock.advanceTo(10 * SPAN_MS);
  expect(armed()).toBe(1);
});

it('may begin again while it tells', () => {
  const { clock, counting } = counted();
  const span = new SameSpan(counting, SPAN_MS);
  const told: number[] = [];
  const again = (): void => {
    told.push(clock.nowMs());
    if (told.length < 3) span.begin(again);
  };
  span.begin(again);
  for (let turn = 1; turn <= 4; turn += 1) clock.advanceTo(turn * SPAN_MS);
  expect(told).toEqual([SPAN_MS, 2 * SPAN_MS, 3 * SPAN_MS]);
});
