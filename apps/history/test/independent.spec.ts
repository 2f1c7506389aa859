// The history's answers against an independent computation: Python, over the raw records of presence.changes, sharing no code with
// this app (issue 6). Where there is no python3 it is reported as skipped.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventLog } from '#libs/event-log';
import { repositoryRoot } from '#libs/testing';
import { Bench } from './bench.js';
import { HOUR_MS, ReplayWorld, START_MS, TOPICS, recordsOf } from './replay-world.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'rollcall-independent-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Answers {
  readonly users: readonly string[];
  readonly as_of: readonly Readonly<Record<string, object>>[];
  readonly online_seconds: Readonly<Record<string, number>>;
  readonly concurrency: readonly (readonly number[])[];
  readonly durations: Readonly<Record<string, readonly Readonly<Record<string, number>>[]>>;
}

const at = (atMs: number): string => new Date(atMs).toISOString();

(hasPython ? describe : describe.skip)(
  'the answers of the history, beside those of Python over the raw records',
  () => {
    let bench: Bench;
    let answers: Answers;
    let moments: readonly number[];
    let windows: readonly (readonly [number, number])[];

    const json = async <T>(...args: readonly string[]): Promise<T> => {
      const { exitCode, stdout, stderr } = await bench.run([...args, '--json']);
      expect([exitCode, stderr]).toEqual([0, '']);
      return JSON.parse(stdout) as T;
    };

    beforeAll(async () => {
      const world = new ReplayWorld({ seed: 61, users: 14, partitions: 3 });
      await world.open();
      await world.happen(420);
      await world.pass(26 * HOUR_MS);
      await world.happen(80);
      const until = world.clock.nowMs();
      moments = [0.1, 0.7, 1.9, 3.3, 25].map((hours) => START_MS + hours * HOUR_MS).concat(until);
      windows = [
        [START_MS - HOUR_MS, until],
        [START_MS + HOUR_MS, START_MS + 3 * HOUR_MS],
        [until - HOUR_MS, until],
      ];
      await world.stop();
      const lines: string[] = [];
      for (let partition = 0; partition < world.partitions; partition += 1) {
        for (const { key, value } of await recordsOf(world.log, TOPICS.changes, partition))
          lines.push(JSON.stringify({ key: String(key), value: String(value) }));
      }
      const [raw, questions] = [join(folder, 'changes.ndjson'), join(folder, 'questions.json')];
      writeFileSync(raw, `${lines.join('\n')}\n`);
      writeFileSync(questions, JSON.stringify({ until, moments, windows }));
      const script = join(repositoryRoot(), 'apps/history/test/independent.py');
      const python = spawnSync('python3', [script, raw, questions], { encoding: 'utf8', maxBuffer: 64 << 20 });
      expect(python.stderr).toBe('');
      answers = JSON.parse(python.stdout) as Answers;
      const openLog = (): Promise<EventLog> =>
        Promise.resolve(Object.assign(Object.create(world.log) as EventLog, { close: () => Promise.resolve() }));
      bench = new Bench({ openLog, nowMs: () => until });
      expect(answers.users.length).toBeGreaterThan(8);
    }, 180_000);

    it('as-of: everybody at any time', async () => {
      for (const [index, moment] of moments.entries()) {
        const { users } = await json<{ users: { user_id: string }[] }>('as-of', at(moment));
        const shown = Object.fromEntries(users.map(({ user_id, ...view }) => [user_id, view]));
        for (const [userId, view] of Object.entries(answers.as_of[index]!))
          expect([userId, shown[userId]]).toMatchObject([userId, view]);
        expect(Object.keys(shown).sort()).toEqual(Object.keys(answers.as_of[index]!).sort());
      }
    }, 120_000);

    it('timeline: what each state lasted, of every user and window', async () => {
      for (const userId of answers.users) {
        for (const [index, [from, to]] of windows.entries()) {
          const words = ['timeline', userId, '--from', at(from), '--to', at(to)];
          const { duration_ms: all } = await json<{ duration_ms: Record<string, number> }>(...words);
          const lasted = Object.fromEntries(Object.entries(all).filter(([, ms]) => ms > 0));
          expect([userId, index, lasted]).toEqual([userId, index, answers.durations[userId]![index]]);
        }
      }
    }, 120_000);

    it('online_seconds: by user and day', async () => {
      const sql = `select user_id, epoch_ms(day::timestamptz) // 86400000 as day, seconds from online_days where seconds > 0`;
      const rows = await json<{ user_id: string; day: number; seconds: number }[]>('query', sql);
      const found = Object.fromEntries(rows.map(({ user_id, day, seconds }) => [`${user_id} ${day}`, seconds]));
      expect(found).toEqual(answers.online_seconds);
      const [name = '', seconds] = Object.entries(answers.online_seconds)[0]!;
      const [userId, day] = name.split(' ');
      const one = `select online_seconds('${userId}', '${at(Number(day) * 86_400_000).slice(0, 10)}') as seconds`;
      expect(await json('query', one)).toEqual([{ seconds }]);
    }, 120_000);

    it('concurrency: minute by minute', async () => {
      const sql = 'select epoch_ms(minute) as minute, online, unavailable, busy from concurrency order by minute';
      const rows = await json<Record<string, number>[]>('query', sql);
      expect(rows.map((row) => Object.values(row))).toEqual(answers.concurrency);
      expect(rows.length).toBeGreaterThan(1_500);
    }, 120_000);
  },
);
