// A query that is told to end, whenever it is told.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from './database.js';

const spillFolder = mkdtempSync(join(tmpdir(), 'rollcall-database-'));
afterAll(() => rmSync(spillFolder, { recursive: true, force: true }));

const endless = 'select sum(a.i * b.i % 7) from range(100000000) a(i), range(100000) b(i)';
const empty = { files: { changes: [] }, format: 'parquet', span: { fromMs: 0, toMs: 0 }, isKept: false } as const;

it.each([0, 1, 2, 3, 5, 8, 20])(
  'ends where it is told to %d turns of the loop after the statement was given',
  async (turns) => {
    const database = await Database.open({ ...empty, timeZone: 'UTC', spillFolder });
    try {
      const asked = database.run(endless).then((result) => result?.fetchChunk());
      const ended = expect(asked).rejects.toThrow(/interrupted/i);
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
      database.interrupt();
      await ended;
    } finally {
      database.close();
    }
  },
);
