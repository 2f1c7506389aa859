// Planted circles and dead files, and their harmless twins.
import { checkCycles, checkDeadFiles } from './cycles.js';
import { found } from './planted.js';

describe('cycles', () => {
  it('finds a circle of files', () => {
    const circle = {
      'libs/views/src/a.ts': "import { b } from './b.js';",
      'libs/views/src/b.ts': "import { c } from './c.js';",
      'libs/views/src/c.ts': "export { a } from './a.js';",
    };
    expect(found(checkCycles, circle)).toEqual(['libs/views/src/a.ts:1 cycles']);
  });

  it('finds a circle of rooms, of types too', () => {
    const circle = {
      'apps/history/src/index.ts': "import type { X } from '#apps/simulator';",
      'apps/simulator/src/index.ts': "import { y } from '#apps/history';",
    };
    expect(found(checkCycles, circle)).toEqual(['apps/history:1 cycles']);
  });

  it('leaves types between files and a diamond alone', () => {
    const diamond = {
      'libs/views/src/a.ts': "import { b } from './b.js'; import { c } from './c.js';",
      'libs/views/src/b.ts': "import { d } from './d.js';",
      'libs/views/src/c.ts': "import { d } from './d.js';",
      'libs/views/src/d.ts': "import type { A } from './a.js';",
    };
    expect(found(checkCycles, diamond)).toEqual([]);
  });
});

describe('dead files', () => {
  it('finds a file that nobody reaches, and what only it reaches', () => {
    const texts = {
      'libs/views/src/index.ts': "export * from './used.js';",
      'libs/views/src/used.ts': '',
      'libs/views/src/left.ts': "import './left-too.js';",
      'libs/views/src/left-too.ts': '',
    };
    const paths = found(checkDeadFiles, texts);
    expect(paths).toContain('libs/views/src/left.ts:1 dead-files');
    expect(paths).not.toContain('libs/views/src/used.ts:1 dead-files');
  });

  it('knows what specs import and what scripts and programs start', () => {
    const texts = {
      'package.json': '{"scripts":{"bench":"node dist/apps/simulator/src/bench.js"}}',
      'apps/simulator/src/bench.ts': '',
      'libs/views/src/x.spec.ts': "import './planted.js'; fork(new URL('./writer.js', here));",
      'libs/views/src/planted.ts': '',
      'libs/views/src/writer.ts': '',
    };
    expect(found(checkDeadFiles, texts)).toEqual([]);
  });
});
