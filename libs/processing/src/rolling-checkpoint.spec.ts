// The pace of the rolling checkpoint, and its one promise: whatever is not written lies behind it.
import fc from 'fast-check';
import { RollingCheckpoint } from './rolling-checkpoint.js';

const at = (nextOffset: number) => [{ nextOffset, reachedMs: nextOffset }];

/** Whose inputs a checkpoint has skipped: dirty since before it. Empty = the promise holds. */
function skipped(dirtySince: ReadonlyMap<number, number>, checkpoint: number): number[] {
  return [...dirtySince].filter(([, offset]) => offset < checkpoint).map(([id]) => id);
}

describe('the rolling checkpoint', () => {
  it('never passes an input that moved something which was not written since', () => {
    const batch = fc.record({
      inputs: fc.array(fc.nat(30), { maxLength: 12 }),
      saved: fc.array(fc.nat(30), { maxLength: 4 }),
      ms: fc.nat(40),
    });
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 80 }), (batches) => {
        const checkpoint = new RollingCheckpoint({ sweepInputs: 20, sweepMs: 100 });
        checkpoint.resume(at(0), at(0), 0);
        const dirtySince = new Map<number, number>();
        let offset = 0;
        let nowMs = 0;
        for (const { inputs, saved, ms } of batches) {
          for (const id of inputs) {
            checkpoint.markDirty(id);
            if (!dirtySince.has(id)) dirtySince.set(id, offset);
            offset += 1;
          }
          nowMs += ms;
          for (const id of saved) {
            checkpoint.markSaved(id);
            dirtySince.delete(id);
          }
          const quota = checkpoint.quota({ inputs: inputs.length, records: saved.length + 1, nowMs });
          for (let count = 0; count < quota && checkpoint.oldest >= 0; count += 1) {
            dirtySince.delete(checkpoint.oldest);
            checkpoint.markSaved(checkpoint.oldest);
          }
          checkpoint.endBatch(at(offset), nowMs);
          expect(skipped(dirtySince, checkpoint.positions[0]!.nextOffset)).toEqual([]);
          expect(checkpoint.dirty).toBe(dirtySince.size);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is checked by something that sees a checkpoint which passed', () => {
    expect(skipped(new Map([[7, 3]]), 4)).toEqual([7]);
    expect(skipped(new Map([[7, 3]]), 3)).toEqual([]);
  });

  it('ends a sweep after the inputs and the time given, writing at most a tenth of all records', () => {
    const checkpoint = new RollingCheckpoint({ sweepInputs: 10_000, sweepMs: 1_000 });
    checkpoint.resume(at(0), at(0), 0);
    for (let id = 0; id < 1_000; id += 1) checkpoint.markDirty(id);
    checkpoint.endBatch(at(1_000), 0);
    let [written, swept, batches, moved] = [0, 0, 0, -1];
    for (; moved < 0 && batches < 1_000; batches += 1) {
      const quota = checkpoint.quota({ inputs: 100, records: 91, nowMs: (batches + 1) * 10 });
      for (let count = 0; count < quota; count += 1) checkpoint.markSaved(checkpoint.oldest);
      checkpoint.markDirty(2_000 + batches);
      swept += quota;
      written += 91;
      checkpoint.endBatch(at(1_000 + batches * 100), (batches + 1) * 10);
      if (checkpoint.positions[0]!.nextOffset > 0) moved = batches;
    }
    expect(swept * 9).toBeLessThanOrEqual(written);
    expect(moved).toBeGreaterThanOrEqual(95);
    expect(moved).toBeLessThan(125);
  });

  it('stands where the inputs stand while nothing is dirty', () => {
    const checkpoint = new RollingCheckpoint({ sweepInputs: 10, sweepMs: 10 });
    checkpoint.resume(at(0), at(0), 0);
    checkpoint.markDirty(3);
    checkpoint.markSaved(3);
    checkpoint.endBatch(at(5), 1);
    expect(checkpoint.positions).toEqual(at(5));
  });
});
