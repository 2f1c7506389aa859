// Planted sizes just over each limit, and just at it.
import { foundIn } from './planted.js';
import { checkSizes } from './sizes.js';

const lines = (count: number): string => 'x();\n'.repeat(count);
const functionOf = (total: number): string => `function f() {\n${lines(total - 2)}}\n`;

describe('sizes', () => {
  it.each([
    ['libs/presence/src/x.ts', 40],
    ['libs/views/src/x.ts', 70],
  ])('of functions in %s: %i lines', (path, most) => {
    expect(foundIn(checkSizes, path, functionOf(most))).toEqual([]);
    expect(foundIn(checkSizes, path, functionOf(most + 1))).toEqual(['function-size']);
    expect(foundIn(checkSizes, path, `class C { m() {\n${lines(most)}} }`)).toEqual(['function-size']);
    expect(foundIn(checkSizes, path, `const f = () => {\n${lines(most)}};`)).toEqual(['function-size']);
  });

  it.each([
    ['libs/presence/src/x.ts', 200],
    ['libs/presence/src/x.spec.ts', 200],
    ['apps/gateway/src/x.ts', 400],
    ['apps/gateway/page/src/x.css', 400],
    ['apps/gateway/test/x.e2e.spec.ts', 400],
  ])('of files like %s: %i lines', (path, most) => {
    expect(foundIn(checkSizes, path, lines(most))).toEqual([]);
    expect(foundIn(checkSizes, path, lines(most + 1))).toEqual(['file-size']);
  });

  it('of parameter lists: 4', () => {
    expect(foundIn(checkSizes, 'libs/views/src/x.ts', 'const f = (a, b, c, d) => a;')).toEqual([]);
    expect(foundIn(checkSizes, 'libs/views/src/x.ts', 'const f = (a, b, c, d, e) => a;')).toEqual(['parameters']);
    expect(foundIn(checkSizes, 'libs/views/src/x.ts', 'class C { constructor(a, b, c, d, e) {} }')).toEqual([
      'parameters',
    ]);
  });

  it('of a test, but not of a chapter of tests', () => {
    const chapter = `describe('x', () => {\n${"it('y', () => {});\n".repeat(80)}});`;
    expect(foundIn(checkSizes, 'libs/views/src/x.spec.ts', chapter)).toEqual([]);
    expect(foundIn(checkSizes, 'libs/views/src/x.spec.ts', `it('y', () => {\n${lines(80)}});`)).toEqual([
      'function-size',
    ]);
  });
});
