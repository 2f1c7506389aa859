// So many per second, a burst, and nothing kept of who is idle.
import { CellRateLimit } from './rate-limit.js';

describe('the rate limit', () => {
  it('lets a burst through, then one per interval, and says how long to wait', () => {
    const limit = new CellRateLimit(5, 20);
    for (let n = 0; n < 20; n += 1) expect(limit.take('a', 1_000)).toBe(0);
    expect(limit.take('a', 1_000)).toBeCloseTo(200);
    expect(limit.take('a', 1_150)).toBeCloseTo(50);
    expect(limit.take('a', 1_200)).toBe(0);
    expect(limit.take('a', 1_200)).toBeCloseTo(200);
  });

  it('takes nothing when it refuses: waiting as told is enough', () => {
    const limit = new CellRateLimit(0.1, 1);
    expect(limit.take('a', 0)).toBe(0);
    for (let n = 0; n < 100; n += 1) expect(limit.take('a', n)).toBeGreaterThan(0);
    expect(limit.take('a', 10_000)).toBe(0);
  });

  it('counts each by itself', () => {
    const limit = new CellRateLimit(1, 1);
    expect([limit.take('a', 0), limit.take('b', 0)]).toEqual([0, 0]);
  });

  it('forgets who is back to a full burst', () => {
    const limit = new CellRateLimit(5, 20);
    for (let n = 0; n < 30_000; n += 1) limit.take(`user ${String(n)}`, n);
    expect(limit.size).toBeLessThan(20_000);
  });
});
