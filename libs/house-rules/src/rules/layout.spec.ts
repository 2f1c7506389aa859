// Planted top levels, READMEs and versions.
import { checkReadmes, checkScripts, checkTopLevel, checkVersions, topLevel } from './layout.js';
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

  describe('of scripts', () => {
    const setUp = 'exec node libs/house-rules/bin/set-up.mjs';
    const names = [
      'start',
      'start:gateway',
      'start:aggregator',
      'start:fanout',
      'start:bridge',
      'rollcall',
      'scenarios',
      'bench',
      'kafka',
    ];
    const scripts = Object.fromEntries(
      [...names, 'test', 'test:soak', 'lint', 'format'].map((name) => [name, `${setUp} dist/apps/x/src/main.js --y`]),
    );
    const treeOf = (
      changed: Readonly<Record<string, string | undefined>>,
      ci = 'export CI=true\nexec npm test\n',
    ): Record<string, string> => ({
      'package.json': JSON.stringify({ scripts: { ...scripts, ...changed } }),
      'apps/x/src/main.ts': '',
      'README.md': 'npm run -s rollcall -- topics list',
      '.ci/run': ci,
    });

    it('takes what is whole', () => {
      expect(found(checkScripts, treeOf({}))).toEqual([]);
    });

    it.each([
      ['one that is missing', treeOf({ bench: undefined })],
      ['one without set-up', treeOf({ bench: 'node dist/apps/x/src/main.js' })],
      ['one that starts nothing', treeOf({ bench: `${setUp} dist/apps/x/src/gone.js` })],
      ['a text that names no script', { ...treeOf({}), 'README.md': `npm run ${'nothing'}` }],
      ['CI that runs less', treeOf({}, 'export CI=true\nnpm test -- libs\n')],
    ])('finds %s', (_what, texts) => {
      expect(found(checkScripts, texts)).toHaveLength(1);
    });
  });
});
