// The wheel against a sorted list: the same timers, in the order of their deadlines, none early and none missed.
import fc from 'fast-check';
import { TimingWheel } from './timing-wheel.js';

interface Fired {
  readonly id: number;
  readonly atMs: number;
}

/** What the wheel claims to be: a list that is searched every time. */
class Model {
  readonly deadlines = new Map<number, number>();

  arm(id: number, deadlineMs: number): void {
    if (deadlineMs === Infinity) this.deadlines.delete(id);
    else this.deadlines.set(id, deadlineMs);
  }

  advance(nowMs: number): number[] {
    const due = [...this.deadlines]
      .filter(([, atMs]) => atMs <= nowMs)
      .sort(([one, a], [other, b]) => a - b || one - other);
    for (const [id] of due) this.deadlines.delete(id);
    return due.map(([id]) => id);
  }

  first(): number {
    return Math.min(Infinity, ...this.deadlines.values());
  }
}

/** undefined = the wheel fired what the model says, in the order of the deadlines. */
function faultOf(expected: readonly number[], fired: readonly Fired[]): string | undefined {
  const times = fired.map(({ atMs }) => atMs);
  if (times.some((atMs, index) => atMs < (times[index - 1] ?? -Infinity))) return 'not in the order of the deadlines';
  const ids = fired.map(({ id }) => id).sort((one, other) => one - other);
  const wanted = [...expected].sort((one, other) => one - other);
  return JSON.stringify(ids) === JSON.stringify(wanted) ? undefined : `fired ${ids.join()}, expected ${wanted.join()}`;
}

const span = fc.oneof(fc.nat(300), fc.nat(70_000), fc.nat(20_000_000), fc.nat(10_000_000_000));
const move = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('arm' as const),
      id: fc.nat(40),
      inMs: fc.oneof(span, fc.integer({ min: -500, max: 0 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('disarm' as const), id: fc.nat(40), inMs: fc.constant(0) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('advance' as const), id: fc.constant(0), inMs: span }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('look' as const), id: fc.constant(0), inMs: span }) },
);

describe('the timing wheel', () => {
  it('fires like a sorted list, whatever is armed, moved, disarmed and passed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2_000_000_000_000 }),
        fc.array(move, { maxLength: 120 }),
        (startMs, moves) => {
          let nowMs = startMs;
          const wheel = new TimingWheel(startMs, 4);
          const model = new Model();
          for (const { kind, id, inMs } of moves) {
            if (kind === 'arm' || kind === 'disarm') {
              const deadlineMs = kind === 'arm' ? nowMs + inMs : Infinity;
              wheel.arm(id, deadlineMs);
              model.arm(id, deadlineMs);
            } else if (kind === 'advance') {
              nowMs += inMs;
              const fired: Fired[] = [];
              wheel.advance(nowMs, (due, atMs) => fired.push({ id: due, atMs }));
              const fault = faultOf(model.advance(nowMs), fired);
              if (fault !== undefined) throw new Error(fault);
              wheel.passTo(nowMs);
            } else {
              const due = wheel.firstDue(nowMs);
              if (model.first() > nowMs && due <= nowMs) throw new Error('something is due that is not');
              if (wheel.nextMs > Math.max(model.first(), nowMs)) throw new Error('the bound is too late');
            }
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('fires again within one advance what is armed again for a time that has passed', () => {
    const wheel = new TimingWheel(1_000);
    const fired: number[] = [];
    wheel.arm(3, 1_010);
    wheel.advance(1_100, (id, atMs) => {
      fired.push(atMs);
      if (fired.length < 4) wheel.arm(id, atMs + 30);
    });
    expect(fired).toEqual([1_010, 1_040, 1_070, 1_100]);
  });

  it('lets a callback arm other ids of the same bucket', () => {
    const wheel = new TimingWheel(0);
    const fired: number[] = [];
    for (const id of [0, 1, 2, 3]) wheel.arm(id, 5);
    wheel.advance(5, (id) => {
      fired.push(id);
      wheel.arm((id + 1) % 4, Infinity);
      wheel.arm((id + 2) % 4, 9);
    });
    wheel.advance(20, (id) => fired.push(id));
    expect(new Set(fired).size).toBeLessThanOrEqual(4);
    expect(wheel.nextMs).toBe(Infinity);
  });

  it('keeps many timers that are re-armed for ever in a few buckets', () => {
    const wheel = new TimingWheel(0, 100_000);
    for (let id = 0; id < 100_000; id += 1) wheel.arm(id, 120_000 + (id % 1000));
    for (let round = 1; round <= 3; round += 1) {
      for (let id = 0; id < 100_000; id += 1) wheel.arm(id, round * 100_000 + 120_000 + (id % 1000));
      expect(wheel.advance(round * 100_000, () => undefined)).toBe(0);
    }
    expect(wheel.advance(1_000_000, () => undefined)).toBe(100_000);
  });

  it('is checked by a checker that sees a missing, an early and a disordered timer', () => {
    expect(faultOf([1, 2], [{ id: 1, atMs: 5 }])).toContain('expected 1,2');
    expect(faultOf([], [{ id: 1, atMs: 5 }])).toContain('fired 1');
    expect(
      faultOf(
        [1, 2],
        [
          { id: 2, atMs: 9 },
          { id: 1, atMs: 5 },
        ],
      ),
    ).toContain('order');
  });
});

test('overdue timers fire in the order of their deadlines too', () => {
  const wheel = new TimingWheel(0);
  wheel.passTo(1_000);
  const deadlines = [400, 900, 20, 1_000, 333];
  for (const [id, atMs] of deadlines.entries()) wheel.arm(id, atMs);
  const fired: number[] = [];
  wheel.advance(2_000, (id) => fired.push(deadlines[id]!));
  expect(fired).toEqual([20, 333, 400, 900, 1_000]);
});
