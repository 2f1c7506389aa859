// Planted comments that must be found, and sentences that must not be taken for them. Words that the rule looks for are put
// together from halves where the rule would find them in this file.
import { checkComments } from './comments.js';
import { foundIn, opening } from './planted.js';

const inComment = (text: string): readonly string[] =>
  foundIn(checkComments, 'libs/views/src/x.ts', `${opening}const a = 1; // ${text}\n`);
const path = 'libs/views/src/x.ts';

describe('the opening comment', () => {
  it('must be there', () => {
    expect(foundIn(checkComments, path, 'export const a = 1;\n')).toEqual(['opening']);
    expect(foundIn(checkComments, path, "import './y.js';\n// Too late.\n")).toEqual(['opening']);
    expect(foundIn(checkComments, 'libs/views/bin/x.mjs', 'export const a = 1;\n')).toEqual(['opening']);
    expect(foundIn(checkComments, 'apps/gateway/page/src/x.css', 'body {}\n')).toEqual(['opening']);
  });

  it('has one to six lines', () => {
    expect(foundIn(checkComments, path, '// A line.\n'.repeat(6))).toEqual([]);
    expect(foundIn(checkComments, path, '// A line.\n'.repeat(7))).toEqual(['opening']);
    expect(foundIn(checkComments, path, '/**\n * A block.\n */\nexport {};\n')).toEqual([]);
  });
});

describe('comments', () => {
  it.each([
    ['FIXME: it leaks', 'fixme'],
    ['TODO: later', 'todo'],
    ['const a = compute();', 'commented-code'],
    ["import { x } from './x.js';", 'commented-code'],
    ['if (a > b) {', 'commented-code'],
    ['return undefined;', 'commented-code'],
    ['log.append(topic, records);', 'commented-code'],
    ['this.size = 0;', 'commented-code'],
    ['----------------', 'banner'],
    ['==== Reading ====', 'banner'],
    ['eslint-disable-next-line', 'exemptions'],
    ['@ts-ignore', 'exemptions'],
    ['\u{1F680} fast', 'emoji'],
  ])('must not say: %s', (text, rule) => {
    expect(inComment(text)).toEqual([rule]);
  });

  it.each([
    'TODO #12: a second reader',
    'If the lease has run out, the session is closed (section 5).',
    'return early = no retry',
    'A position is (offset, metadata); both are committed.',
    'May be read as `a = b`.',
    '-> the next state',
  ])('may say: %s', (text) => {
    expect(inComment(text)).toEqual([]);
  });

  it('are not strings, templates or addresses', () => {
    const text = `${opening}const a = '// TODO: x'; const b = \`http://x/\${a}// FIXME\`; const c = "/* return 1; */";\n`;
    expect(foundIn(checkComments, path, text)).toEqual([]);
  });

  it('are found inside functions and blocks', () => {
    const text = `${opening}function f() {\n  /*\n   * TODO: later\n   */\n}\n`;
    expect(foundIn(checkComments, path, text)).toEqual(['todo']);
  });
});
