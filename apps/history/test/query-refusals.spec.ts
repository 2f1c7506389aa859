// What a query may not do, what is said then, and how results are printed (issue 6, item 6).
import { existsSync, mkdirSync, readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '#libs/testing';
import type { EventLog } from '#libs/event-log';
import { Bench } from './bench.js';
import { contents, fresh, historyBench, manifestOf, ok } from './export-bench.js';

const questions = join(repositoryRoot(), 'apps/history/examples/ten-questions.sql');

let bench: Bench;
let exported: string;
beforeAll(async () => {
  ({ bench } = await historyBench({ changes: 300 }));
  exported = fresh();
  ok(await bench.run(['export', '--to', exported]));
});

const firstFile = (to: string): string =>
  join(to, manifestOf(to).pieces.find(({ file }) => file !== undefined)?.file?.path ?? '');

describe('a query', () => {
  it.each([
    ['a wrong word', 'selec 1', 'syntax error at or near "selec"'],
    ['an unknown table', 'select * from changess', 'Did you mean "changes"?'],
    ['a fault while it runs', `select 'x'::int from changes`, 'Could not convert string'],
    ['a file outside', `select * from read_text('/etc/hostname')`, 'A query may read the export and nothing else'],
    ['a folder outside', `select * from glob('/etc/*')`, 'A query may read the export and nothing else'],
    ['writing a file', `copy changes to '/tmp/rollcall-out.csv'`, 'A query only reads: COPY CHANGES'],
    ['writing while explaining', `explain analyze copy (select 1) to 'x'`, 'A query only reads: EXPLAIN ANALYZE'],
    ['preparing to write', `prepare p as copy (select 1) to 'x'`, 'A query only reads: PREPARE'],
    ['another database', `attach '/tmp/rollcall-out.db'`, 'A query only reads: ATTACH'],
    ['an extension', 'install httpfs', 'A query only reads: INSTALL'],
    ['unlocking', 'set enable_external_access = true', 'configuration has been locked'],
  ])('with %s is exit 1 and a sentence', async (_what, sql, sentence) => {
    const before = contents(exported);
    const ran = await bench.run(['query', sql, '--export', exported, '--format', 'csv']);
    expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(sentence) });
    expect(ran.stderr).not.toContain('    at ');
    expect(contents(exported)).toEqual(before);
    expect(existsSync('/tmp/rollcall-out.csv')).toBe(false);
  });

  it('cannot overwrite a file of the export', async () => {
    const before = contents(exported);
    const copy = `copy (select 1) to '${firstFile(exported)}' (use_tmp_file false)`;
    for (const sql of [copy, `explain (analyze) ${copy}`, `explain analyze ${copy}`, `/* */ explain analyze ${copy}`]) {
      expect(await bench.run(['query', sql, '--export', exported])).toMatchObject({ exitCode: 1, stdout: '' });
    }
    expect(contents(exported)).toEqual(before);
  });

  it('may make views and macros for the statements after it', async () => {
    const sql = `create view mine as select 1 as a; create macro twice(x) as x * 2; select twice(a) as b from mine`;
    expect(ok(await bench.run(['query', sql, '--export', exported, '--format', 'csv'])).stdout).toBe('b\r\n2\r\n');
  });

  it('prints tables, CSV, JSON and NDJSON', async () => {
    const sql = `select 1 as a, 'x,"y"' as b, null as c, make_timestamptz(1000) as t, 12345678901234567890::hugeint as h, [1, 2] as l, {'k': 3::bigint} as s, 1.50::decimal(4, 2) as d`;
    const run = async (format: string): Promise<string> =>
      ok(await bench.run(['query', sql, '--export', exported, '--format', format])).stdout;
    const t = '1970-01-01T00:00:00.001Z';
    const row = { a: 1, b: 'x,"y"', c: null, t, h: '12345678901234567890', l: [1, 2], s: { k: 3 }, d: 1.5 };
    expect(JSON.parse(await run('json'))).toEqual([row]);
    expect(await run('ndjson')).toBe(`${JSON.stringify(row)}\n`);
    const cells = `1,"x,""y""",,${t},12345678901234567890,"[1,2]","{""k"":3}",1.5`;
    expect(await run('csv')).toBe(`a,b,c,t,h,l,s,d\r\n${cells}\r\n`);
    expect(await run('table')).toMatch(/^a {2,}b {2,}c {2,}t .*\n1 {2,}x,"y" .*1970-01-01T00:00:00.001Z/);
  });

  it('gives any number of rows, and says when a table is cut', async () => {
    const sql = 'select * from range(5000) t(n)';
    const { stdout } = ok(await bench.run(['query', sql, '--export', exported, '--format', 'ndjson']));
    expect(stdout.trimEnd().split('\n')).toHaveLength(5000);
    const table = await bench.run(['query', sql, '--export', exported]);
    expect(table).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('Only the first 1000 rows are shown') });
    expect(table.stdout.trimEnd().split('\n')).toHaveLength(1001);
  });

  it.each([
    [['query'], 2, 'Either a query or --file'],
    [['query', 'select 1', '--file', 'x.sql'], 2, 'Either a query or --file'],
    [['query', '--file', '/nowhere.sql'], 1, 'The file /nowhere.sql cannot be read'],
    [['query', 'select 1', '--export', '/nowhere'], 1, 'There is no export in /nowhere'],
    [['query', ' -- nothing\n', '--export', '/nowhere'], 2, 'holds no statement'],
  ])('%j is exit %i', async (args, exitCode, sentence) => {
    const ran = await bench.run(args);
    expect(ran).toMatchObject({ exitCode, stdout: '', stderr: expect.stringContaining(sentence) });
  });

  it('takes its statements from standard input too', async () => {
    const ran = await bench.run(
      ['query', '--file', '-', '--export', exported, '--format', 'csv'],
      ['select 1 as', ' a;'],
    );
    expect(ok(ran).stdout).toBe('a\r\n1\r\n');
  });

  it('is told of an unknown time zone', async () => {
    const ran = await bench.run(['query', 'select 1', '--export', exported, '--time-zone', 'Middle/Earth']);
    expect(ran).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('Middle/Earth') });
  });

  it('says that an export is cut off, before DuckDB stumbles over it', async () => {
    const spoiled = fresh();
    ok(await bench.run(['export', '--to', spoiled]));
    truncateSync(firstFile(spoiled), 200);
    const ran = await bench.run(['query', 'select 1', '--export', spoiled]);
    const sentence = /has 200 bytes, not \d+: the export is not as it was written/;
    expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(sentence) });
  });

  it('works where the folder’s name looks like a pattern, and on an empty history', async () => {
    const odd = join(fresh(), "it's [a] *strange* name?");
    mkdirSync(odd, { recursive: true });
    ok(await bench.run(['export', '--to', odd]));
    const count = ['query', 'select count(*) as n from changes', '--format', 'csv'];
    expect(ok(await bench.run([...count, '--export', odd])).stdout).toBe('n\r\n300\r\n');
    const { bench: empty } = await historyBench({ changes: 0 });
    const { stdout } = ok(await empty.run(['query', '--file', questions, '--json']));
    expect(JSON.parse(stdout)).toHaveLength(10);
  });

  it('that is told to end (Ctrl-C) ends at once and says so', async () => {
    const ending = new AbortController();
    let printed = '';
    const stdout = {
      write: (text: string): Promise<void> => {
        printed += text;
        // The second statement is under way, or about to be.
        setTimeout(() => ending.abort(), 50);
        return Promise.resolve();
      },
    };
    const openLog = (): Promise<EventLog> => Promise.resolve(bench.log);
    const stopped = new Bench({ ending: ending.signal, stdout, openLog });
    const sql = 'select 42 as a; select sum(a.i * b.i % 7) from range(100000000) a(i), range(100000) b(i)';
    const ran = await stopped.run(['query', sql, '--format', 'ndjson']);
    expect(ran).toMatchObject({ exitCode: 1, stderr: 'Stopped before everything was answered.\n' });
    expect(printed).toContain('42');
  });

  it('leaves nothing in the export', () => {
    expect(readdirSync(exported).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});
