// Planted top levels, READMEs and versions.
import { checkReadmes, checkTopLevel, checkVersions, topLevel } from './layout.js';
import { found } from './planted.js';

describe('layout', () => {
  it('has exactly the top level', () => {
    expect(checkTopLevel([...topLevel, 'node_modules', 'dist', 'data', '.git'])).toEqual([]);
    expect(checkTopLevel([...topLevel, 'jest.config.js']).map(({ path }) => path)).toEqual(['jest.config.js']);
    expect(checkTopLevel(topLevel.slice(1)).map(({ path }) => path)).toEqual([topLevel[0]]);
  });

  it('has a README of at most 30 lines in each room', () => {
    const source = { 'libs/views/src/index.ts': '' };
    expect(found(checkReadmes, source)).toEqual(['libs/views/README.md:1 room-readme']);
    expect(found(checkReadmes, { ...source, 'libs/views/README.md': 'line\n'.repeat(30) })).toEqual([]);
    expect(found(checkReadmes, { ...source, 'libs/views/README.md': 'line\n'.repeat(31) })).toEqual([
      'libs/views/README.md:31 room-readme',
    ]);
  });

  it.each([
    ['a range', '^1.0.0', '^1.0.0', 1],
    ['a lock that says something else', '1.0.1', '1.0.0', 1],
    ['an exact version', '1.0.0', '1.0.0', 0],
    ['an alias', 'npm:other@1.0.0', 'npm:other@1.0.0', 0],
  ])('judges %s', (_what, declared, locked, count) => {
    const texts = {
      'package.json': JSON.stringify({ dependencies: { a: declared } }),
      'package-lock.json': JSON.stringify({ packages: { '': { dependencies: { a: locked } } } }),
    };
    expect(found(checkVersions, texts)).toHaveLength(count);
  });
});
