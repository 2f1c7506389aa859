// Exports as real processes (issue 6, items 5 to 7): killed in the middle, told to stop, on a disk that is full or read-only, and
// beside a running server whose users come, are forgotten and are asked about.
import { type ChildProcess, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startStandalone } from '#apps/standalone';
import { topicSpecs } from '#libs/contracts';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { runProgram, type ProgramProcess, until } from '#libs/testing';
import { Bench } from './bench.js';
import { writeHistory, writeRooms } from './generated-history.js';

const main = 'apps/history/src/main.ts';
const folder = mkdtempSync(join(tmpdir(), 'rollcall-export-e2e-'));
const directory = join(folder, 'log');
const mounted: string[] = [];
const children: ChildProcess[] = [];
const mount = (...args: string[]): boolean => spawnSync('mount', ['-t', 'tmpfs', ...args]).status === 0;

/** Where root may mount, a real small disk. */
function disk(name: string, options: string): string | undefined {
  const place = join(folder, name);
  mkdirSync(place);
  if (!mount('-o', options, 'tmpfs', place)) return undefined;
  mounted.push(place);
  return place;
}

beforeAll(async () => {
  const log = await EmbeddedEventLog.open({ directory, durable: false });
  await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: 3, deliveryPartitions: 3 }));
  const drawn = { seed: 6, users: 300, changes: 12_000, startMs: Date.UTC(2026, 10, 25), spanMs: 86_400_000 };
  await writeHistory(log, 'presence.changes', drawn);
  await writeRooms(log, { memberships: 'presence.memberships', rooms: 'presence.rooms' }, 300, 20);
  await log.close();
});
// What a test waited for in vain would go on beside the suites after it.
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => {
  for (const place of mounted) spawnSync('umount', ['-l', place]);
  rmSync(folder, { recursive: true, force: true });
});

/** The command line in this process, on a directory as a process of its own would read it. */
const inside = (data = directory, ending = new AbortController().signal): Bench =>
  new Bench({
    ending,
    openLog: () => EmbeddedEventLog.open({ directory: data, readOnly: true }),
    nowMs: () => Date.now(),
  });

const start = (
  args: readonly string[],
  command: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): ProgramProcess => {
  const env = { ...process.env, DATA_DIR: directory, LOG_LEVEL: 'silent', ...more };
  const started = runProgram(main, args, { env, command });
  children.push(started.child);
  return started;
};

const exportTo = (to: string): readonly string[] => ['export', '--to', to, '--records-per-file', '400', '--json'];

const contents = (to: string): Record<string, string> =>
  Object.fromEntries(readdirSync(to).map((name) => [name, readFileSync(join(to, name)).toString('base64')]));

/** Files under their names while the run that writes them goes on. */
const filesIn = (to: string): number =>
  existsSync(to) ? readdirSync(to).filter((name) => name.endsWith('.parquet')).length : 0;

let whole: string;
beforeAll(async () => {
  whole = join(folder, 'whole');
  expect(await inside().run(exportTo(whole))).toMatchObject({ exitCode: 0, stderr: '' });
});

it('an export that is killed ends as one that was not', async () => {
  const to = join(folder, 'killed');
  const started = start(exportTo(to));
  await until(
    () => filesIn(to),
    (seen) => seen >= 5,
    60_000,
  );
  started.child.kill('SIGKILL');
  expect((await started.ended).signal).toBe('SIGKILL');
  expect(existsSync(join(to, 'manifest.json'))).toBe(false);
  const checked = await inside().run(['export', '--check', to]);
  expect(checked).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('is not finished') });
  const last = await inside().run(exportTo(to));
  expect(last).toMatchObject({ exitCode: 0, stderr: 'Going on with the export that was cut off.\n' });
  const { files, files_written: written } = JSON.parse(last.stdout) as { files: number; files_written: number };
  expect(written).toBeLessThan(files);
  expect(contents(to)).toEqual(contents(whole));
}, 120_000);

it('an export that is told to stop says how it goes on, and leaves nothing half-written', async () => {
  const to = join(folder, 'stopped');
  const controller = new AbortController();
  const running = inside(directory, controller.signal).run(exportTo(to));
  await until(
    () => filesIn(to),
    (seen) => seen >= 2,
    60_000,
  );
  controller.abort();
  expect(await running).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^Stopped after \d+ files\. The same command goes on there\.\n$/),
  });
  expect(readdirSync(to).filter((name) => name.startsWith('.'))).toEqual([]);
  expect(await inside().run(exportTo(to))).toMatchObject({ exitCode: 0 });
  expect(contents(to)).toEqual(contents(whole));
});

it.each([
  ['once', 1],
  ['twice, as npm does with a Ctrl-C', 2],
])(
  'a query that is told to end %s leaves nothing of the log behind',
  async (_how, times) => {
    const place = join(folder, `asked-${times}`);
    mkdirSync(place);
    const sql = 'select 42 as a; select sum(a.i * b.i % 7) from range(100000000) a(i), range(100000) b(i)';
    const asked = start(['query', sql, '--format', 'ndjson'], [], { TMPDIR: place });
    await until(
      () => asked.output(),
      (text) => text.includes('42'),
      60_000,
    );
    expect(readdirSync(place).filter((name) => name.startsWith('rollcall-query-'))).toHaveLength(1);
    asked.child.kill('SIGINT');
    if (times === 1) expect(await asked.ended).toMatchObject({ code: 1 });
    // Apart, or they would be one; when all is told, Node lets the second end what is left of the process.
    await new Promise((wake) => setTimeout(wake, 5));
    if (times === 2) asked.child.kill('SIGINT');
    await asked.ended;
    expect(asked.errors()).toBe('Stopped before everything was answered.\n');
    expect(readdirSync(place)).toEqual([]);
  },
  120_000,
);

describe('a disk', () => {
  const sentence = 'There is no room left for the export in ';

  it('with a limit on file sizes is told in a sentence, and the export goes on without it', async () => {
    const to = join(folder, 'limited');
    const args = ['export', '--to', to, '--json'];
    const limited = start(args, ['sh', '-c', 'ulimit -f 1000; exec "$@"', 'sh']);
    expect((await limited.ended).code).toBe(1);
    expect(limited.output()).toBe('');
    expect(limited.errors()).toMatch(new RegExp(`^${sentence}.*\\n$`));
    expect(readdirSync(to).filter((name) => name !== 'manifest.unfinished.json')).toEqual([]);
    expect(await inside().run(args)).toMatchObject({ exitCode: 0 });
  }, 120_000);

  it('that is full, likewise; what was finished stays', async () => {
    const place = disk('full', 'size=400k');
    if (place === undefined) return;
    const to = join(place, 'export');
    const full = await inside().run(exportTo(to));
    expect(full).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining(sentence) });
    expect(readdirSync(to).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(filesIn(to)).toBeGreaterThan(0);
    expect(mount('-o', 'remount,size=20m', 'tmpfs', place)).toBe(true);
    expect(await inside().run(exportTo(to))).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('Going on'),
    });
    expect(contents(to)).toEqual(contents(whole));
  }, 120_000);

  it('that has no room for what a query reads from the log, likewise; nothing stays', async () => {
    const place = disk('small', 'size=40k');
    if (place === undefined) return;
    const asked = start(['query', 'select count(*) from changes', '--json'], [], { TMPDIR: place });
    expect((await asked.ended).code).toBe(1);
    expect(asked.output()).toBe('');
    expect(asked.errors()).toMatch(/^There is no room left in \S+small for what the query needs [^\n]*TMPDIR\.\n$/);
    expect(readdirSync(place)).toEqual([]);
  }, 120_000);

  it('that is read-only is told in a sentence', async () => {
    const place = disk('read-only', 'size=1m,ro');
    if (place === undefined) return;
    for (const to of [place, join(place, 'new')]) {
      const refused = await inside().run(exportTo(to));
      expect(refused).toMatchObject({
        exitCode: 1,
        stdout: '',
        stderr: expect.stringContaining('cannot be written to'),
      });
      expect(refused.stderr).not.toContain('    at ');
    }
  }, 120_000);
});

describe('beside a running server', () => {
  it('holds what the server has told, until somebody is forgotten', async () => {
    const data = join(folder, 'served');
    const server = await startStandalone({ environment: { DATA_DIR: data, LOG_LEVEL: 'silent' } });
    try {
      const feed = async (door: string, ...lines: readonly object[]): Promise<void> => {
        const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
        const headers = { authorization: 'Bearer dev|admin' };
        const answer = await fetch(`${String(server.url)}/_rollcall/v1/${door}`, { method: 'POST', headers, body });
        expect(answer.status).toBe(200);
      };
      const put = (user: string, presence: string): object => {
        const message = { status_msg: `of ${user}` };
        return { type: 'presence.set', user_id: user, device_id: 'D', presence, ...message };
      };
      const [alice, bob] = ['@alice:hs', '@bob:hs'];
      await feed('memberships', ...[alice, bob].map((user_id) => ({ room_id: '!r:hs', user_id, membership: 'join' })));
      await feed('commands', put(alice, 'online'), put(bob, 'busy'));
      const query = async (sql: string): Promise<unknown> =>
        JSON.parse((await inside(data).run(['query', sql, '--json'])).stdout);
      const now = 'select user_id, presence, status_msg from as_of(known_until()) order by all';
      const both = [
        { user_id: alice, presence: 'online', status_msg: `of ${alice}` },
        { user_id: bob, presence: 'busy', status_msg: `of ${bob}` },
      ];
      await until(
        () => query(now),
        (seen) => JSON.stringify(seen) === JSON.stringify(both),
        60_000,
      );
      const to = join(folder, 'served-export');
      expect(await inside(data).run(['export', '--to', to, '--format', 'ndjson'])).toMatchObject({ exitCode: 0 });
      await feed('commands', { type: 'user.forget', user_id: bob });
      await until(
        () => query(now),
        (seen) => JSON.stringify(seen) === JSON.stringify([both[0]]),
        60_000,
      );
      expect(await query('select user_id from memberships')).toEqual([{ user_id: alice }]);
      const refused = await inside(data).run(['export', '--to', to, '--format', 'ndjson']);
      expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('it still holds them') });
      expect(await inside(data).run(['export', '--to', to, '--format', 'ndjson', '--afresh'])).toMatchObject({
        exitCode: 0,
      });
      expect(Buffer.from(Object.values(contents(to)).join(''), 'base64').toString()).not.toContain(bob);
    } finally {
      await server.stop();
    }
  }, 240_000);
});
