// Pages of blocks against any sequence of claims and releases.
import * as fc from 'fast-check';
import { BlockPages } from './block-pages.js';

describe('pages of blocks', () => {
  it('never give out what somebody has, and give out again what was given up', () => {
    const sizes = fc.array(fc.tuple(fc.constantFrom(4, 8, 28, 32, 400, 16_384, 20_000), fc.boolean()), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(sizes, (steps) => {
        const pages = new BlockPages();
        const held = new Map<number, number>();
        for (const [size, gives] of steps) {
          const address = pages.claim(size);
          for (const [other, otherSize] of held) {
            const isApart = address + size <= other || other + otherSize <= address;
            expect(isApart || Math.max(size, otherSize) > 16_384).toBe(true);
          }
          const { cells } = pages.page(address);
          expect(BlockPages.cellOf(address) + size).toBeLessThanOrEqual(cells.length);
          held.set(address, size);
          if (!gives) continue;
          pages.release(address, size);
          held.delete(address);
          const again = pages.claim(size);
          expect(again).toBe(address);
          pages.release(again, size);
        }
      }),
      { numRuns: 200 },
    );
  });
});
