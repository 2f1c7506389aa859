// Where statements end, and what their titles are.
import { readStatements } from './statements.js';

describe('statements of a text', () => {
  it.each([
    ['one without an end', 'select 1', [{ sql: 'select 1' }]],
    ['two', 'select 1; select 2;', [{ sql: 'select 1' }, { sql: 'select 2' }]],
    ['none', ' ;\n-- only words\n; ', []],
    ['a semicolon in a string', "select ';''; ' ; select 2", [{ sql: "select ';''; '" }, { sql: 'select 2' }]],
    ['a semicolon in a name', 'select 1 as "a;b"', [{ sql: 'select 1 as "a;b"' }]],
    ['a semicolon between dollars', 'select $$a;b$$, $x$;$$;$x$', [{ sql: 'select $$a;b$$, $x$;$$;$x$' }]],
    ['a semicolon in comments', 'select 1 -- ;\n /* ; */ + 1', [{ sql: 'select 1 \n   + 1' }]],
    ['a string that never ends', "select 'x; y", [{ sql: "select 'x; y" }]],
  ])('%s', (_what, text, statements) => {
    expect(readStatements(text)).toEqual(statements);
  });

  it('have the comment directly above as their title', () => {
    const text =
      '-- A file of questions.\n-- Two of them.\n\n-- 1. First?\nselect 1;\n\n/* 2. Second? */\nselect 2;\nselect 3';
    expect(readStatements(text)).toEqual([
      { title: '1. First?', sql: 'select 1' },
      { title: '2. Second?', sql: 'select 2' },
      { sql: 'select 3' },
    ]);
  });
});
