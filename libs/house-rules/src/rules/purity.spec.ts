// Planted clocks and dice.
import { plantedTree } from '../tree.js';
import { foundIn } from './planted.js';
import { checkPurity } from './purity.js';

const path = 'libs/presence/src/x.ts';

describe('purity', () => {
  it.each([
    'const now = Date.now();',
    'const now = new Date();',
    'const x = Math.random();',
    'const now = performance.now();',
    'setTimeout(() => x(), 5);',
    'const x = process.env.X;',
    'const x = crypto.randomUUID();',
  ])('refuses %s', (text) => {
    expect(foundIn(checkPurity, path, text)).toEqual(['purity']);
  });

  it('says what to take instead', () => {
    expect(checkPurity(plantedTree({ [path]: 'Date.now();' }))[0]?.message).toBe('Date.now: take nowMs as a parameter');
  });

  it('holds for clocks wherever time is the records’ time', () => {
    expect(foundIn(checkPurity, 'libs/processing/src/x.ts', 'const now = Date.now();')).toEqual(['purity']);
    expect(foundIn(checkPurity, 'libs/runtime/src/clock.ts', 'const now = Date.now();')).toEqual([]);
  });

  it('leaves given times, members and specs alone', () => {
    expect(foundIn(checkPurity, path, 'const d = new Date(atMs); const p = options.process.x;')).toEqual([]);
    expect(foundIn(checkPurity, 'libs/presence/src/x.spec.ts', 'const now = Date.now();')).toEqual([]);
  });
});
