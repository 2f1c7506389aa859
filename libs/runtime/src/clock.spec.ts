// The wall clock: never early, however far away; cancelled means silent.

import { WallClock } from './clock.js';

const DAY_MS = 86_400_000;

describe('the wall clock', () => {
  beforeEach(() => jest.useFakeTimers({ now: 1_000 }));
  afterEach(() => jest.useRealTimers());

  it('wakes at its time and not before', () => {
    const woken: number[] = [];
    new WallClock().wakeAt(1_500, () => woken.push(Date.now()));
    jest.advanceTimersByTime(499);
    expect(woken).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(woken).toEqual([1_500]);
  });

  it('waits longer than a timeout can', () => {
    const woken: number[] = [];
    new WallClock().wakeAt(1_000 + 60 * DAY_MS, () => woken.push(Date.now()));
    jest.advanceTimersByTime(59 * DAY_MS);
    expect(woken).toEqual([]);
    jest.advanceTimersByTime(DAY_MS);
    expect(woken).toEqual([1_000 + 60 * DAY_MS]);
  });

  it('wakes soon for a time that has passed, but never inside the call', () => {
    const woken: string[] = [];
    new WallClock().wakeAt(0, () => woken.push('woken'));
    woken.push('returned');
    jest.advanceTimersByTime(1);
    expect(woken).toEqual(['returned', 'woken']);
  });

  it('is silent when cancelled, and for Infinity', () => {
    const woken: string[] = [];
    const cancel = new WallClock().wakeAt(2_000, () => woken.push('cancelled'));
    new WallClock().wakeAt(Infinity, () => woken.push('never'));
    cancel();
    jest.advanceTimersByTime(100 * DAY_MS);
    expect(woken).toEqual([]);
  });
});
