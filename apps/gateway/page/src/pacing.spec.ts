// What keeps the page calm: few rows in the document, one question under way, sentences for screen readers far apart, and rates that
// survive a server that counts anew.
import { Announcing, BETWEEN_MS } from './announcing.js';
import { RateHistory } from './rates.js';
import { Latest } from './seeking.js';
import type { PulseTold } from './told.js';
import { windowOfRows } from './window-of-rows.js';

describe('the window of rows', () => {
  it('is as large for a million people as for a thousand, wherever one looks', () => {
    for (const count of [1_000, 1_000_000]) {
      for (const scrollTop of [0, 5_000, count * 50 - 600]) {
        const { first, end } = windowOfRows(scrollTop, 600, 50, count);
        expect(end - first).toBeLessThanOrEqual(20);
        expect(first).toBeLessThanOrEqual(scrollTop / 50);
        expect(end).toBeGreaterThanOrEqual(Math.min(count, (scrollTop + 600) / 50));
      }
    }
  });

  it('stays inside of the list', () => {
    expect(windowOfRows(0, 600, 50, 3)).toEqual({ first: 0, end: 3 });
    expect(windowOfRows(9_000, 600, 50, 3)).toEqual({ first: 3, end: 3 });
  });
});

describe('asking while the slider moves', () => {
  it('has one question under way and asks the newest next', async () => {
    const asked: number[] = [];
    const answers: (() => void)[] = [];
    const latest = new Latest<number>((wanted) => {
      asked.push(wanted);
      return new Promise((resolve) => answers.push(resolve));
    });
    for (const wanted of [1, 2, 3]) latest.want(wanted);
    expect(asked).toEqual([1]);
    answers[0]?.();
    await Promise.resolve();
    await Promise.resolve();
    expect(asked).toEqual([1, 3]);
    answers[1]?.();
    await Promise.resolve();
    await Promise.resolve();
    latest.want(4);
    expect(asked).toEqual([1, 3, 4]);
  });
});

describe('announcing', () => {
  const counts = (online: number) => ({ online, busy: 1, unavailable: 2, offline: 3 });

  it('says counts in a sentence, seldom, and only when they are others', () => {
    const announcing = new Announcing();
    expect(announcing.counts(counts(4), 0)).toBe('4 online, 1 busy, 2 away, 3 offline.');
    expect(announcing.counts(counts(5), BETWEEN_MS - 1)).toBeUndefined();
    expect(announcing.counts(counts(5), BETWEEN_MS)).toContain('5 online');
    expect(announcing.counts(counts(5), 9 * BETWEEN_MS)).toBeUndefined();
  });

  it('says at once what cannot wait, and lets counts wait behind it', () => {
    const announcing = new Announcing();
    announcing.counts(counts(4), 0);
    expect(announcing.urgent('The server is back.', 10)).toBe('The server is back.');
    expect(announcing.counts(counts(5), BETWEEN_MS + 9)).toBeUndefined();
  });
});

describe('rates', () => {
  const pulse = (nowTs: number, inputs: number, index = 'a'): PulseTold => ({
    now_ts: nowTs,
    counts: { online: 0, busy: 0, unavailable: 0, offline: 0 },
    totals: { index, inputs, changes: 0, deliveries: 0, rejected: 0 },
    lag: [],
    history_from_ts: 0,
    town: { state: 'asleep' },
  });

  it('are a second, and never negative', () => {
    const history = new RateHistory();
    history.add(pulse(1_000, 100));
    expect(history.rates).toEqual([]);
    history.add(pulse(3_000, 110));
    expect(history.rates.map(({ inputs }) => inputs)).toEqual([5]);
    history.add(pulse(5_000, 3));
    history.add(pulse(7_000, 9, 'b'));
    expect(history.rates).toHaveLength(1);
    history.add(pulse(9_000, 11, 'b'));
    expect(history.rates.map(({ inputs }) => inputs)).toEqual([5, 1]);
  });
});
