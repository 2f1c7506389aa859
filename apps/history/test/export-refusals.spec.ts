// What `rollcall export` says when it cannot do what was asked (issue 6, item 5), what it leaves then, and what `--check` finds.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Bench } from './bench.js';
import { contents, fresh, historyBench, manifestOf, ok } from './export-bench.js';

describe('what cannot be done', () => {
  it.each([
    [['export'], 2, '--to FOLDER is needed'],
    [['export', '--to', 'x', '--from', '2026-11-25'], 2, '--from 2026-11-25: A time with its zone is needed'],
    [['export', '--to', 'x', '--to', '2026-11-25T08:00'], 2, '--to names 2 folders'],
    [['export', '--to', 'x', '--from', '-1h', '--to', '-2h'], 2, '--from must lie before --to'],
    [['export', '--to', 'x', '--topics', 'registers'], 2, 'Possible: changes, memberships, rooms'],
    [['export', '--to', 'x', '--format', 'csv'], 2, 'parquet, ndjson'],
    [['export', '--check', '/nowhere/at/all'], 1, 'There is no export in /nowhere/at/all'],
  ])('%j is exit %i', async (args, exitCode, sentence) => {
    expect(await new Bench().run(args)).toMatchObject({
      exitCode,
      stdout: '',
      stderr: expect.stringContaining(sentence),
    });
  });

  it('says which times the log holds when there is none in those asked for, and leaves nothing', async () => {
    const { bench } = await historyBench();
    const to = fresh();
    const ran = await bench.run(['export', '--to', to, '--to', '2020-01-01T00:00Z']);
    expect(ran).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('the log holds changes from 2026-11-25T00:00:00.000Z to 2026-11-25T23:59'),
    });
    expect(existsSync(to)).toBe(false);
  });

  it('refuses a folder of something else, a file, and another export’s folder', async () => {
    const { bench } = await historyBench();
    const to = fresh();
    mkdirSync(to);
    writeFileSync(join(to, 'diary.txt'), 'mine');
    expect(await bench.run(['export', '--to', to])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('there is diary.txt'),
    });
    expect(readdirSync(to)).toEqual(['diary.txt']);
    expect(await bench.run(['export', '--to', join(to, 'diary.txt')])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('cannot be written to'),
    });
    const other = fresh();
    ok(await bench.run(['export', '--to', other]));
    expect(await bench.run(['export', '--to', other, '--format', 'ndjson'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('it is parquet, not ndjson'),
    });
    const { bench: another } = await historyBench();
    expect(await another.run(['export', '--to', other])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('it is of another log'),
    });
  });
});

describe('--check', () => {
  const spoiled: readonly (readonly [string, string, (to: string, path: string) => void])[] = [
    ['a missing file', 'is missing', (_to, path) => rmSync(path)],
    ['a truncated file', 'is cut off', (_to, path) => truncateSync(path, 100)],
    ['a longer file', 'has grown', (_to, path) => appendFileSync(path, 'x')],
    [
      'an edited file',
      'its checksum is another',
      (_to, path) => writeFileSync(path, readFileSync(path).fill(7, 20, 21)),
    ],
    [
      'an edited manifest',
      'was changed after it had been written',
      (to) =>
        writeFileSync(
          join(to, 'manifest.json'),
          readFileSync(join(to, 'manifest.json'), 'utf8').replace('"records_per_file": ', '"records_per_file": 1'),
        ),
    ],
    ['a truncated manifest', 'is cut off or not JSON', (to) => truncateSync(join(to, 'manifest.json'), 300)],
  ];

  it('is content with an export as it was written', async () => {
    const { bench } = await historyBench();
    const to = fresh();
    ok(await bench.run(['export', '--to', to]));
    expect(ok(await bench.run(['export', '--check', to])).stdout).toContain('as they were written');
  });

  it.each(spoiled)('finds %s', async (_what, sentence, spoil) => {
    const { bench } = await historyBench();
    const to = fresh();
    ok(await bench.run(['export', '--to', to]));
    spoil(to, join(to, manifestOf(to).pieces[0]?.file?.path ?? ''));
    const ran = await bench.run(['export', '--check', to]);
    expect(ran).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(sentence) });
  });

  it('an export that goes on writes a damaged file again', async () => {
    const { bench } = await historyBench();
    const to = fresh();
    ok(await bench.run(['export', '--to', to]));
    const before = contents(to);
    truncateSync(join(to, manifestOf(to).pieces[0]?.file?.path ?? ''), 100);
    expect(await bench.run(['export', '--to', to])).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('it is written again'),
    });
    expect(contents(to)).toEqual(before);
  });
});
