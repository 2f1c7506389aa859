// `rollcall export` (issue 6, items 5 and 8): what is in the files, read by somebody else's Parquet reader and compared with the raw
// log; the same bytes twice; going on; who was forgotten; pseudonyms.
import { createHmac } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bench } from './bench.js';
import {
  contents,
  drawn,
  expectRows,
  folder,
  fresh,
  historyBench,
  manifestOf,
  ok,
  type Row,
  rowsOf,
  startMs,
} from './export-bench.js';
import { nameOf, writeHistory } from './generated-history.js';

describe('rollcall export', () => {
  it('writes every change once, as another reader of Parquet sees it', async () => {
    const { bench, raw } = await historyBench();
    const to = fresh();
    const { stdout } = ok(await bench.run(['export', '--to', to, '--records-per-file', '300', '--json']));
    const shown = JSON.parse(stdout) as { records: Record<string, number>; files: number };
    expect(shown).toMatchObject({ folder: to, records: { changes: raw.length, rooms: 1 }, unreadable: 0 });
    expectRows(await rowsOf(to, 'changes'), raw);
    const places = (await rowsOf(to, 'changes')).map(
      (row) => `${String(row['log_partition'])}:${String(row['log_offset'])}`,
    );
    expect(new Set(places).size).toBe(raw.length);
    const records = await bench.records('changes');
    expect(new Set(places)).toEqual(
      new Set(records.map((record) => `${String(record['partition'])}:${String(record['offset'])}`)),
    );
    const firstCause = records.find(({ partition, offset }) => partition === 1 && offset === 5)?.['value'] as Row;
    const sameRow = (await rowsOf(to, 'changes')).find((row) => row['log_partition'] === 1 && row['log_offset'] === 5);
    const cause = firstCause['cause'] as Row;
    expect(sameRow).toMatchObject({
      cause_topic: cause['topic'] ?? null,
      cause_offset: cause['offset'] ?? null,
      cause_timer: cause['timer'] ?? null,
      applied_activity: (firstCause['applied'] as Row)['activity'] ?? null,
    });
    expect(await rowsOf(to, 'rooms')).toEqual([
      expect.objectContaining({ room_id: '!room4:example.org', policy: 'withhold' }),
    ]);
    expect(await rowsOf(to, 'memberships')).toHaveLength((await bench.records('memberships')).length);
    expect(readdirSync(to).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(
      manifestOf(to)
        .pieces.filter(({ table }) => table === 'changes')
        .every(({ from, to: end }) => end - from <= 300),
    ).toBe(true);
  });

  it('writes the same bytes each time, with either format', async () => {
    const { bench } = await historyBench();
    for (const format of ['parquet', 'ndjson']) {
      const [one, two] = [fresh(), fresh()];
      for (const to of [one, two]) ok(await bench.run(['export', '--to', to, '--format', format]));
      expect(contents(one)).toEqual(contents(two));
    }
  });

  it('holds in NDJSON what it holds in Parquet', async () => {
    const { bench } = await historyBench();
    const [parquet, ndjson] = [fresh(), fresh()];
    ok(await bench.run(['export', '--to', parquet]));
    ok(await bench.run(['export', '--to', ndjson, '--format', 'ndjson']));
    const lines = manifestOf(ndjson).pieces.flatMap(({ table, file }) =>
      table !== 'changes' || file === undefined
        ? []
        : readFileSync(join(ndjson, file.path), 'utf8')
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line) as Row),
    );
    expect(lines).toEqual(await rowsOf(parquet, 'changes'));
  });

  it('takes the times of changes, from on and before to', async () => {
    const { bench, raw } = await historyBench();
    const to = fresh();
    const noonMs = startMs + 43_200_000;
    ok(await bench.run(['export', '--to', to, '--from', '2026-11-25T07:00+01:00', '--to', '2026-11-25T12:00Z']));
    expectRows(
      await rowsOf(to, 'changes'),
      raw.filter(({ atMs }) => atMs >= startMs + 21_600_000 && atMs < noonMs),
    );
  });

  it('decodes what is not written as our encoder writes, and leaves out what nobody can read', async () => {
    const { bench, raw } = await historyBench();
    const [sample] = (await bench.records('changes')).filter(({ key }) => key === nameOf(0));
    const value = sample?.['value'] as Row;
    const add = async (text: string): Promise<void> => {
      await bench.log.append('presence.changes', [{ key: nameOf(0), value: text }]);
    };
    const spaced = JSON.stringify({ ...value, version: 9001, status_msg: null }, undefined, 1);
    await add(spaced);
    await add(JSON.stringify({ ...value, version: 9002, presence: 'asleep' }));
    await add(JSON.stringify({ ...value, version: 9003 }).slice(0, -1));
    await add(JSON.stringify({ ...value, version: 9004, added: { later: true } }));
    const to = fresh();
    const ran = await bench.run(['export', '--to', to, '--json']);
    expect(ran).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('2 records that cannot be read are left out; the first is offset '),
    });
    expect(JSON.parse(ran.stdout)).toMatchObject({ unreadable: 2 });
    const versions = (await rowsOf(to, 'changes'))
      .map(({ version }) => version as number)
      .filter((version) => version > 9000);
    expect(versions).toEqual([9001, 9004]);
    expect(manifestOf(to).records['changes']).toBe(raw.length + 2);
  });

  it('goes on with what has come since, and keeps what is final', async () => {
    const { bench, raw } = await historyBench();
    const to = fresh();
    const args = ['export', '--to', to, '--records-per-file', '300', '--json'];
    ok(await bench.run(args));
    const more = await writeHistory(bench.log, 'presence.changes', {
      ...drawn,
      seed: 7,
      users: 5,
      startMs: startMs + 86_400_000,
      changes: 100,
    });
    const again = JSON.parse(ok(await bench.run(args)).stdout) as { files: number; files_written: number };
    expect(again.files_written).toBeLessThan(again.files);
    expect(again.files_written).toBeGreaterThan(0);
    expect(await rowsOf(to, 'changes')).toHaveLength(raw.length + more.length);
    const whole = fresh();
    ok(await bench.run(['export', '--to', whole, ...args.slice(3)]));
    expect(contents(to)).toEqual(contents(whole));
    expect(JSON.parse(ok(await bench.run(args)).stdout)).toMatchObject({ files_written: 0 });
  });
});

describe('whoever was forgotten', () => {
  it('is in no export made afterwards, their next life is, and an older export is not quietly kept', async () => {
    const { bench, raw } = await historyBench({ forgets: 0.02 });
    const to = fresh();
    ok(await bench.run(['export', '--to', to]));
    const ended = new Map<string, number>();
    for (const { userId, life, isErasure } of raw) if (isErasure) ended.set(userId, life);
    expect(ended.size).toBeGreaterThan(5);
    expectRows(
      await rowsOf(to, 'changes'),
      raw.filter(({ userId, life }) => life > (ended.get(userId) ?? -1)),
    );
    const shownUsers = new Set(
      raw.filter(({ userId, life }) => life > (ended.get(userId) ?? -1)).map(({ userId }) => userId as string),
    );
    const gone = [...ended.keys()].filter((userId) => !shownUsers.has(userId));
    const members = (await rowsOf(to, 'memberships')).map((row) => row['user_id']);
    for (const userId of gone) expect(members).not.toContain(userId);
    // A membership is written after the changes here, so it belongs to the life that goes on.
    expect(members).toContain([...ended.keys()].find((userId) => shownUsers.has(userId)));

    const [victim] = [...shownUsers];
    await bench.log.append('presence.changes', [
      {
        key: victim as string,
        value: JSON.stringify({
          type: 'presence.forgotten',
          v: 1,
          user_id: victim,
          life: ended.has(victim as string) ? 1 : 0,
          version: 3,
          at_ts: startMs + 90_000_000,
          cause: { topic: 'commands', offset: 1 },
          applied: {},
        }),
      },
    ]);
    const refused = await bench.run(['export', '--to', to]);
    expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('--afresh') });
    ok(await bench.run(['export', '--to', to, '--afresh']));
    for (const table of ['changes', 'memberships']) {
      expect((await rowsOf(to, table)).map((row) => row['user_id'])).not.toContain(victim);
    }
  });
});

describe('--pseudonymise', () => {
  const keyFile = join(folder, 'analysts.key');
  const key = 'correct horse battery staple, twice over';
  beforeAll(() => writeFileSync(keyFile, `${key}\n`, { mode: 0o600 }));
  const nameFor = (id: string, kind = 'user'): string =>
    `${kind}-${createHmac('sha256', key).update(id).digest('hex').slice(0, 32)}`;

  it('shows keyed names for users and rooms, no messages, and says so', async () => {
    const { bench, raw } = await historyBench();
    const to = fresh();
    ok(await bench.run(['export', '--to', to, '--pseudonymise', keyFile]));
    const rows = await rowsOf(to, 'changes');
    expectRows(
      rows,
      raw.map((change) => ({
        ...change,
        userId: nameFor(change.userId),
        view: { ...change.view, statusMsg: undefined as never },
        before: { ...change.before, statusMsg: undefined as never },
      })),
    );
    const members = await rowsOf(to, 'memberships');
    expect(members.map((row) => row['user_id'])).toContain(nameFor(nameOf(3)));
    expect(members.map((row) => row['room_id'])).toContain(nameFor('!room0:example.org', 'room'));
    expect(manifestOf(to)).toMatchObject({
      pseudonyms: { algorithm: 'HMAC-SHA-256', key_fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) as string },
    });
    const everything = readdirSync(to)
      .map((name) => readFileSync(join(to, name), 'latin1'))
      .join('');
    expect(everything).not.toContain('example.org');
    expect(everything).not.toContain('lunch');
    expect(await bench.run(['export', '--to', to])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('it is pseudonymous'),
    });
  });

  it('leaves nothing of them in temporary lines either, read fast or decoded', async () => {
    const { bench } = await historyBench();
    await bench.log.append('presence.changes', [
      { key: nameOf(1), value: '{"type":"presence.changed","v":1,"user_id":"@user1:example.org","version":' },
    ]);
    const to = fresh();
    const seen: string[] = [];
    const watching = new Bench({
      openLog: () => Promise.resolve(bench.log),
      isTerminal: true,
      nowMs: () => Infinity,
      stderr: {
        write: () => {
          const work = join(to, '.unfinished');
          if (existsSync(work))
            for (const name of readdirSync(work)) seen.push(readFileSync(join(work, name), 'latin1'));
          return Promise.resolve();
        },
      },
    });
    expect(
      (await watching.run(['export', '--to', to, '--pseudonymise', keyFile, '--records-per-file', '100'])).exitCode,
    ).toBe(0);
    expect(seen.join('')).toContain('"presence":"online"');
    expect(seen.join('')).not.toContain('example.org');
    expect(seen.join('')).not.toContain('lunch');
  });

  it.each([
    ['a short key', 'x'.repeat(31), 0o600, 'has 31 bytes; at least 32 are needed'],
    ['a key that others may read', 'x'.repeat(64), 0o644, 'chmod 600'],
    ['a key that the group may read', 'x'.repeat(64), 0o640, 'chmod 600'],
  ])('refuses %s', async (_what, text, mode, sentence) => {
    const path = `${fresh()}.key`;
    writeFileSync(path, text);
    chmodSync(path, mode);
    const { bench } = await historyBench();
    const to = fresh();
    expect(await bench.run(['export', '--to', to, '--pseudonymise', path])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining(sentence),
    });
    expect(existsSync(to)).toBe(false);
  });
});
