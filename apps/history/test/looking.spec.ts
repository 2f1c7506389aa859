// `rollcall as-of` and `rollcall timeline`: what they say of a time is what the live engine held then; of whoever was forgotten, nothing.
import type { EventLog } from '#libs/event-log';
import type { View } from '#libs/presence';
import { barOf } from '../src/looking/bar.js';
import { shownSpan } from '../src/looking/span-text.js';
import { type StateStretch, durationsOf, sessionsOf, stretchesIn } from '../src/looking/stretches-of-day.js';
import { Bench } from './bench.js';
import { HOUR_MS, ReplayWorld, START_MS, TOPICS, recordsOf, type Seen } from './replay-world.js';

interface ShownUser {
  readonly user_id: string;
  readonly presence: string | null;
  readonly status_msg?: string;
  readonly currently_active?: boolean;
  readonly last_active_ts?: number;
  readonly since_ts?: number;
}

const benchOf = (world: ReplayWorld, log: EventLog = world.log): Bench =>
  new Bench({
    openLog: () => Promise.resolve(Object.assign(Object.create(log) as EventLog, { close: () => Promise.resolve() })),
    nowMs: world.clock.now,
  });

const at = (atMs: number): string => new Date(atMs).toISOString();

async function asOf(world: ReplayWorld, atMs: number, ...options: readonly string[]): Promise<readonly ShownUser[]> {
  const { stdout, stderr, exitCode } = await benchOf(world).run(['as-of', at(atMs), '--json', ...options]);
  if (exitCode !== 0) throw new Error(stderr);
  return (JSON.parse(stdout) as { users: ShownUser[] }).users;
}

/** What others could see: nobody tells apart who was never seen and who is offline without a message. */
function shown(view: View | undefined): unknown {
  if (view === undefined || (view.presence === 'offline' && view.statusMsg === undefined)) return 'nothing';
  return { presence: view.presence, message: view.statusMsg, active: view.currentlyActive };
}

function told(user: ShownUser | undefined): unknown {
  if (user === undefined || (user.presence === 'offline' && user.status_msg === undefined)) return 'nothing';
  return { presence: user.presence, message: user.status_msg, active: user.currently_active };
}

async function livedAndSeen(
  seed: number,
  options: object = {},
): Promise<{ world: ReplayWorld; seen: readonly Seen[] }> {
  const world = new ReplayWorld({ seed, withForget: false, isSteady: true, ...options });
  await world.open();
  const seen: Seen[] = [];
  for (let moment = 0; moment < 12; moment += 1) {
    await world.happen(20);
    await world.pass(2_000);
    seen.push(world.see());
    await world.pass(1_000);
  }
  return { world, seen };
}

describe('as-of', () => {
  it.each([1, 2])('is what the live engine held, whenever it was looked at (seed %i)', async (seed) => {
    const { world, seen } = await livedAndSeen(seed);
    let visible = 0;
    for (const { atMs, views } of seen) {
      const users = new Map((await asOf(world, atMs)).map((user) => [user.user_id, user]));
      for (const userId of world.users) {
        expect([userId, told(users.get(userId))]).toEqual([userId, shown(views.get(userId))]);
        if (users.get(userId)?.presence === 'online') visible += 1;
      }
    }
    expect(visible).toBeGreaterThan(5);
    await world.stop();
  });

  it('tells last_active_ts and since as the last change did, also where a snapshot lies between', async () => {
    const { world, seen } = await livedAndSeen(3);
    await world.pass(3 * HOUR_MS);
    const changes = (
      await Promise.all([0, 1].map((partition) => recordsOf(world.log, TOPICS.changes, partition)))
    ).flat();
    const read = changes.map(({ value }) => JSON.parse(String(value)) as ShownUser & { at_ts: number });
    for (const atMs of [...seen.map((moment) => moment.atMs), world.clock.nowMs()]) {
      for (const user of await asOf(world, atMs)) {
        const last = read.findLast((change) => change.user_id === user.user_id && change.at_ts <= atMs)!;
        expect([user.user_id, user.last_active_ts, user.since_ts]).toEqual([
          user.user_id,
          last.last_active_ts,
          last.at_ts,
        ]);
      }
    }
    await world.stop();
  });

  it('is the same for one user, and says so when there was nothing', async () => {
    const { world, seen } = await livedAndSeen(4);
    const moment = seen[6]!;
    const all = await asOf(world, moment.atMs);
    const one = all.find(({ presence }) => presence !== 'offline')!;
    expect(await asOf(world, moment.atMs, '--user', one.user_id)).toEqual([one]);
    expect(await asOf(world, START_MS, '--user', one.user_id)).toEqual([{ user_id: one.user_id, presence: null }]);
    const never = await benchOf(world).run(['as-of', '-1s', '--user', '@nobody:hs']);
    expect(never).toMatchObject({ exitCode: 1, stdout: '', stderr: 'The history holds nothing of @nobody:hs.\n' });
    await world.stop();
  });

  it('is the members that a room had then, within the lag of compaction', async () => {
    const { world } = await livedAndSeen(5);
    const member = async (userId: string, membership: string): Promise<void> => {
      const value = JSON.stringify({ type: 'room.membership', v: 1, room_id: '!r:hs', user_id: userId, membership });
      await world.log.append(TOPICS.memberships, [{ key: `!r:hs|${userId}`, value }]);
    };
    const [first, second] = [world.users[0]!, world.users[1]!];
    await member(first, 'join');
    await member(second, 'invite');
    const before = world.clock.nowMs();
    await world.pass(60_000);
    await member(first, 'leave');
    await member(second, 'join');
    await world.pass(60_000);
    const of = async (atMs: number): Promise<string[]> =>
      (await asOf(world, atMs, '--room', '!r:hs')).map((user) => user.user_id);
    expect(await of(before)).toEqual([first]);
    expect(await of(world.clock.nowMs())).toEqual([second]);
    const run = (...args: string[]) => benchOf(world).run(['as-of', ...args]);
    expect(await run('-1s', '--room', '!other:hs')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('Nothing is known of the room !other:hs'),
    });
    expect(await run('-8d', '--room', '!r:hs')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('compaction lag'),
    });
    await world.stop();
  });

  it('refuses what is no time, has not come, or is gone', async () => {
    const { world } = await livedAndSeen(6);
    const run = (...args: string[]) => benchOf(world).run(['as-of', ...args]);
    expect(await run('yesterday')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('with its zone') });
    expect(await run('2026-11-26T08:00')).toMatchObject({ exitCode: 2 });
    expect(await run('-5x')).toMatchObject({ exitCode: 2 });
    expect(await run(at(world.clock.nowMs() + 1000))).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('has not come yet'),
    });
    expect(await run('now', '--user', 'alice')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('no Matrix user id'),
    });
    expect((await run(at(START_MS - 1000))).stdout).toMatch(/^Nobody had shown anything at /);
    const table = await run('now');
    expect(table).toMatchObject({ exitCode: 0, stderr: '' });
    expect(table.stdout).toContain('presence');
    // Retention took the first changes, and the snapshots before them.
    const changes = await recordsOf(world.log, TOPICS.changes, 0);
    const later = Object.assign(Object.create(world.log) as EventLog, {
      starts: async (name: string) =>
        name === TOPICS.changes
          ? [changes[30]!.offset, 0]
          : name === TOPICS.snapshots
            ? world.log.ends(name)
            : world.log.starts(name),
      close: () => Promise.resolve(),
    });
    const gone = new Bench({ openLog: () => Promise.resolve(later), nowMs: world.clock.now });
    const sentence = expect.stringContaining('lies before what the log still holds') as string;
    for (const words of [[], ['--user', world.users[0]!]])
      expect(await gone.run(['as-of', at(START_MS + 1000), ...words])).toMatchObject({
        exitCode: 1,
        stdout: '',
        stderr: sentence,
      });
    await world.stop();
  });

  it('shows nothing of whoever was forgotten, before or after, and verify still holds', async () => {
    const { world, seen } = await livedAndSeen(7);
    const victim = world.users[0]!;
    const before = await asOf(world, seen[8]!.atMs);
    expect(before.map((user) => user.user_id)).toContain(victim);
    const forgotten = await benchOf(world).run(['forget', victim]);
    expect(forgotten).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('It takes effect when an aggregator takes it'),
    });
    await world.pass(5_000);
    for (const atMs of [seen[8]!.atMs, world.clock.nowMs()]) {
      expect((await asOf(world, atMs)).map((user) => user.user_id)).not.toContain(victim);
      expect((await asOf(world, atMs)).length).toBeGreaterThan(3);
    }
    const nothing = `The history holds nothing of ${victim}.\n`;
    expect(await benchOf(world).run(['as-of', 'now', '--user', victim])).toMatchObject({
      exitCode: 1,
      stderr: nothing,
    });
    expect(await benchOf(world).run(['timeline', victim])).toMatchObject({ exitCode: 1, stderr: nothing });
    const whatIf = await benchOf(world).run(['what-if', '--idle-after', '2m', '--users', '0', '--json']);
    expect([whatIf.exitCode, whatIf.stdout.includes(victim)]).toEqual([0, false]);
    // The next life is somebody of whom nothing earlier is known.
    await world.append('commands', victim, { type: 'presence.set', device_id: 'D', presence: 'busy' });
    await world.pass(5_000);
    expect(await asOf(world, world.clock.nowMs(), '--user', victim)).toMatchObject([
      { presence: 'busy', life: 1, version: 1 },
    ]);
    expect(await asOf(world, seen[8]!.atMs, '--user', victim)).toEqual([{ user_id: victim, presence: null }]);
    await world.stop();
    expect(await benchOf(world).run(['verify'])).toMatchObject({ exitCode: 0 });
    expect(await benchOf(world).run(['forget', 'alice'])).toMatchObject({ exitCode: 2 });
  });
});

describe('timeline', () => {
  it('fills the window with states, and says what began each', async () => {
    const { world, seen } = await livedAndSeen(8);
    const [fromMs, toMs] = [seen[2]!.atMs, seen[10]!.atMs];
    for (const userId of world.users.slice(0, 4)) {
      const { stdout } = await benchOf(world).run([
        'timeline',
        userId,
        '--from',
        at(fromMs),
        '--to',
        at(toMs),
        '--json',
      ]);
      const { states, duration_ms } = JSON.parse(stdout) as {
        states: { from_ts: number; to_ts: number; presence: string; cause?: object }[];
        duration_ms: Record<string, number>;
      };
      expect(states.length).toBeGreaterThan(3);
      states.forEach((state, index) =>
        expect(state.from_ts).toBe(index === 0 ? states[0]!.from_ts : states[index - 1]!.to_ts),
      );
      expect(states.at(-1)!.to_ts).toBe(toMs);
      expect(Object.values(duration_ms).reduce((sum, ms) => sum + ms)).toBe(toMs - states[0]!.from_ts);
      for (const { atMs, views } of seen.filter((moment) => moment.atMs > fromMs && moment.atMs < toMs)) {
        const state = states.find((stretch) => stretch.from_ts <= atMs && atMs < stretch.to_ts);
        expect(state?.presence ?? 'offline').toBe(views.get(userId)?.presence ?? 'offline');
      }
    }
    const text = await benchOf(world).run(['timeline', world.users[0]!, '--from', at(fromMs)]);
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toMatch(/sessions?; /);
    expect(text.stdout).not.toContain('█');
    await world.stop();
  });

  const stretch = (fromMs: number, toMs: number, presence: StateStretch['presence']): StateStretch => ({
    fromMs,
    toMs,
    presence,
    currentlyActive: false,
    isOpen: false,
  });

  it('draws a bar in which each place is the state that took most of it', () => {
    const window = { fromMs: 0, toMs: 100 };
    const stretches = [
      stretch(20, 50, 'online'),
      stretch(50, 54, 'unavailable'),
      stretch(54, 80, 'busy'),
      stretch(80, 100, 'offline'),
    ];
    expect(barOf(stretches, window, 10)).toBe('  ███▓▓▓··');
    expect(barOf([], window, 4)).toBe('    ');
    expect(barOf(stretches, window, 1)).toBe('█');
  });

  it('sums sessions from becoming visible to being offline', () => {
    const window = { fromMs: 0, toMs: 100 };
    const stretches = [
      stretch(0, 10, 'online'),
      stretch(10, 20, 'offline'),
      stretch(20, 30, 'unavailable'),
      stretch(30, 100, 'busy'),
    ];
    expect(sessionsOf(stretches, window)).toEqual([
      { fromMs: 0, toMs: 10, isOpen: true },
      { fromMs: 20, toMs: 100, isOpen: true },
    ]);
    expect(durationsOf(stretches)).toEqual({ online: 10, busy: 70, unavailable: 10, offline: 10 });
  });

  it('shows no state that lasted no time, and ends where the user was forgotten', () => {
    const base = {
      userId: '@a:hs',
      life: 0,
      version: 1,
      before: { presence: 'offline', currentlyActive: false },
      applied: {},
      cause: { timer: 'idle' },
    };
    const change = (atMs: number, presence: string): never =>
      ({ ...base, kind: 'changed', atMs, view: { presence, currentlyActive: false } }) as never;
    const forgotten = { ...base, kind: 'forgotten', atMs: 30 } as never;
    const stretches = stretchesIn({ fromMs: 0, toMs: 100 }, undefined, [
      change(10, 'online'),
      change(20, 'busy'),
      change(20, 'offline'),
      forgotten,
    ]);
    expect(stretches.map(({ fromMs, toMs, presence }) => [fromMs, toMs, presence])).toEqual([
      [10, 20, 'online'],
      [20, 30, 'offline'],
    ]);
  });

  it.each([
    [0, '0 s'],
    [999, '999 ms'],
    [61_000, '1 min 1 s'],
    [3_600_000, '1 h'],
    [90_061_000, '1 d 1 h'],
    [-61_000, '-1 min 1 s'],
  ])('shows %i ms as %s', (ms, text) => {
    expect(shownSpan(ms)).toBe(text);
  });
});
