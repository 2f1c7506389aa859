// `rollcall query` (issue 6, item 6): the ten questions over an export and over the log, their answers compared with computations that
// know no SQL, and each view by itself.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '#libs/testing';
import type { Bench } from './bench.js';
import { fresh, historyBench, ok, startMs } from './export-bench.js';
import { type RawChange } from './generated-history.js';
import {
  type Truth,
  countAt,
  dailyUsers,
  flapping,
  hours,
  idleShare,
  longest,
  messages,
  onlineNow,
  onlineSeconds,
  peak,
  staying,
  truthOf,
} from './query-truth.js';

type Row = Record<string, unknown>;
const questions = join(repositoryRoot(), 'apps/history/examples/ten-questions.sql');

/** Few users and two days, so that stretches are long, hours full and some users flap. */
const dense = { users: 12, changes: 3000, spanMs: 100_000_000 };

let bench: Bench;
let raw: readonly RawChange[];
let truth: Truth;
let exported: string;
beforeAll(async () => {
  ({ bench, raw } = await historyBench(dense));
  truth = truthOf(raw);
  exported = fresh();
  ok(await bench.run(['export', '--to', exported]));
});

const ask = async (sql: string, ...options: readonly string[]): Promise<Row[]> =>
  JSON.parse(ok(await bench.run(['query', sql, '--export', exported, '--format', 'json', ...options])).stdout) as Row[];

const near = (value: number): number => expect.closeTo(value, 6) as number;

interface Answer {
  readonly title: string;
  readonly rows: readonly Row[];
}

describe('the ten questions', () => {
  let answers: readonly Answer[];
  const run = async (...options: readonly string[]): Promise<readonly Answer[]> => {
    const { stdout } = ok(await bench.run(['query', ...options, '--file', questions, '--format', 'json']));
    return JSON.parse(stdout) as Answer[];
  };
  beforeAll(async () => {
    answers = await run('--export', exported);
  });
  const answer = (number: number): readonly Row[] => {
    const found = answers.find(({ title }) => title.startsWith(`${number}. `));
    if (found === undefined) throw new Error(`no question ${number}`);
    return found.rows;
  };

  it('are ten, each with its title', () => {
    expect(answers.map(({ title }) => Number(title.split('.')[0]))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('1: who is online now', () => {
    expect(onlineNow(truth).length).toBeGreaterThan(2);
    expect(answer(1)).toEqual(onlineNow(truth));
  });

  it('2: the peak', () => expect(answer(2)).toEqual([peak(truth)]));

  it('3: how long somebody stays', () => {
    const { stretches, average_seconds: average, median_seconds: median } = staying(truth);
    expect(answer(3)).toEqual([{ stretches, average_seconds: near(average), median_seconds: near(median) }]);
  });

  it('4: who flaps', () => {
    expect(flapping(truth).length).toBeGreaterThan(0);
    expect(answer(4)).toEqual(flapping(truth));
  });

  it('5: daily users', () => {
    expect(dailyUsers(truth)).toHaveLength(2);
    expect(answer(5)).toEqual(dailyUsers(truth));
  });

  it('6: the idle share', () => expect(answer(6)).toEqual([{ idle_share: near(idleShare(truth)) }]));

  it('7: the busiest hours', () => {
    const wanted = hours(truth);
    expect(answer(7)).toHaveLength(24);
    for (const { hour, online } of answer(7)) expect(online).toEqual(near(wanted.get(hour as number) as number));
    const shown = answer(7).map(({ online }) => online as number);
    expect(shown).toEqual([...shown].sort((a, b) => b - a));
  });

  it('8: online seconds by user and day', () => {
    const days = ['2026-11-25', '2026-11-26'];
    const wanted = [...truth.chains.keys()].flatMap((user) =>
      days.map((day) => ({ user_id: user, day, seconds: onlineSeconds(truth, user, day) })),
    );
    const found = new Map(
      answer(8).map(({ user_id: user, day, seconds }) => [`${String(user)} ${String(day)}`, seconds]),
    );
    expect(found.size).toBe(answer(8).length);
    for (const { user_id: user, day, seconds } of wanted)
      expect(found.get(`${user} ${day}`) ?? 0).toEqual(near(seconds));
    expect(found.size).toBe(wanted.filter(({ seconds }) => seconds > 0).length);
  });

  it('9: messages in use', () => {
    expect(new Map(answer(9).map(({ status_msg: message, users }) => [message, users]))).toEqual(messages(truth));
  });

  it('10: the longest stretches', () => expect(answer(10).map(({ seconds }) => seconds)).toEqual(longest(truth)));

  it('are answered alike by NDJSON, and under pseudonyms in all but names and messages', async () => {
    const ndjson = fresh();
    ok(await bench.run(['export', '--to', ndjson, '--format', 'ndjson']));
    expect(await run('--export', ndjson)).toEqual(answers);
    const keyFile = `${fresh()}.key`;
    writeFileSync(keyFile, 'k'.repeat(40), { mode: 0o600 });
    const hidden = fresh();
    ok(await bench.run(['export', '--to', hidden, '--pseudonymise', keyFile]));
    const anonymous = await run('--export', hidden);
    for (const number of [2, 3, 5, 6, 7]) expect(anonymous[number - 1]).toEqual(answers[number - 1]);
    const unnamed = (rows: readonly Row[] | undefined): readonly string[] =>
      (rows ?? []).map(({ user_id: _user, ...row }) => JSON.stringify(row)).sort();
    expect(unnamed(anonymous[3]?.rows)).toEqual(unnamed(answers[3]?.rows));
  });
});

describe('the log itself', () => {
  it('answers as its export does; it is known up to now', async () => {
    const ended = `select user_id, presence, from_ts, to_ts from sessions where to_ts is not null order by all`;
    const { stdout } = ok(await bench.run(['query', ended, '--json']));
    expect(JSON.parse(stdout)).toEqual(await ask(ended));
    const open = 'select max(duration_ms) as ms from sessions where to_ts is null';
    const [row] = JSON.parse(
      ok(await bench.at(truth.untilMs + 3_600_000).run(['query', open, '--json'])).stdout,
    ) as Row[];
    expect(row?.['ms']).toBe(((await ask(open))[0]?.['ms'] as number) + 3_600_000);
  });
});

describe('the views', () => {
  it('as_of: everybody at an instant, to the millisecond of a change', async () => {
    const sample = raw[1500] as RawChange;
    for (const atMs of [sample.atMs - 1, sample.atMs, startMs + 10_000_000]) {
      const rows = await ask(`select * from as_of('${new Date(atMs).toISOString()}')`);
      const wanted = [...truth.chains.values()]
        .map((chain) => chain.filter((change) => change.atMs <= atMs).at(-1))
        .filter((change) => change !== undefined);
      expect(rows).toHaveLength(wanted.length);
      for (const { userId, version, view } of wanted) {
        expect(rows.find((row) => row['user_id'] === userId)).toMatchObject({
          ...{ version, presence: view.presence, status_msg: view.statusMsg ?? null },
          currently_active: view.currentlyActive,
          last_active_ts: view.lastActiveAtMs ?? null,
        });
      }
    }
  });

  it('concurrency: every presence, minute by minute', async () => {
    const rows = await ask('select * from concurrency where (epoch_ms(minute) // 60000) % 97 = 0');
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows) {
      const atMs = Date.parse(row['minute'] as string);
      for (const presence of ['online', 'unavailable', 'busy']) {
        expect(row[presence]).toBe(countAt(truth, presence, atMs));
      }
    }
  });

  it('sessions: neither gap nor overlap, the last one open', async () => {
    const [row] = await ask(`
      select count(*) as faults from (
        select *, lead(from_ts) over (partition by user_id order by life, version) as next_from from sessions)
      where to_ts is distinct from next_from`);
    expect(row).toEqual({ faults: 0 });
    expect(await ask('select count(*) as n from sessions where to_ts is null')).toEqual([{ n: truth.chains.size }]);
    expect(await ask('select count(*) as n from sessions')).toEqual([{ n: truth.stretches.length }]);
  });

  it('know from a window’s first changes what was before them', async () => {
    const windowed = fresh();
    const fromMs = startMs + 40_000_000;
    ok(await bench.run(['export', '--to', windowed, '--from', new Date(fromMs).toISOString()]));
    const atMs = fromMs + 1;
    const sql = `select user_id, presence from as_of('${new Date(atMs).toISOString()}')`;
    const { stdout } = ok(await bench.run(['query', sql, '--export', windowed, '--json']));
    const rows = JSON.parse(stdout) as Row[];
    const later = [...truth.chains].filter(([, chain]) => chain.some((change) => change.atMs >= fromMs));
    expect(rows).toHaveLength(later.length);
    for (const [userId, chain] of later) {
      const now = chain.filter((change) => change.atMs <= atMs).at(-1);
      expect(rows.find((row) => row['user_id'] === userId)?.['presence']).toBe(now?.view.presence);
    }
  });

  it('online_seconds with names that the caller uses too, and in another time zone', async () => {
    const [userId = ''] = [...truth.chains.keys()];
    const seconds = (day: string): string => `online_seconds('${userId}', '${day}')`;
    const own = `select user_id, online_seconds(user_id, day) as s from (select '${userId}' as user_id, date '2026-11-25' as day)`;
    expect(await ask(own)).toEqual([{ user_id: userId, s: near(onlineSeconds(truth, userId, '2026-11-25')) }]);
    const both = `select ${seconds('2026-11-25')} + ${seconds('2026-11-26')} as s`;
    const [{ s: whole } = {}] = await ask(both);
    expect(await ask(both, '--time-zone', 'Europe/Vienna')).toEqual([{ s: near(whole as number) }]);
    const second = `select ${seconds('2026-11-26')} as s`;
    expect(await ask(second, '--time-zone', 'Europe/Vienna')).not.toEqual(await ask(second));
  });

  it('memberships and rooms', async () => {
    expect(await ask(`select room_id, policy from rooms`)).toEqual([
      { room_id: '!room4:example.org', policy: 'withhold' },
    ]);
    const joined = `select count(*) as n from memberships join as_of(known_until()) using (user_id) where membership = 'join'`;
    expect((await ask(joined))[0]?.['n']).toBeGreaterThan(5);
  });
});
