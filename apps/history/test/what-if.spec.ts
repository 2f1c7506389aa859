// `rollcall what-if`: the same timings change nothing to the millisecond; others change what they must, counted by hand.
import type { EventLog } from '#libs/event-log';
import { Bench } from './bench.js';
import { HOUR_MS, ReplayWorld, START_MS, TOPICS, meddled } from './replay-world.js';

interface Side {
  readonly online_ms: number;
  readonly visible_ms: number;
  readonly changes: number;
  readonly deliveries: number;
}

interface Compared {
  readonly from_ts: number;
  readonly to_ts: number;
  readonly was: Side;
  readonly would: Side;
  readonly users: readonly {
    readonly user_id: string;
    readonly recipients: number;
    readonly was: Side;
    readonly would: Side;
  }[];
}

const benchOf = (world: ReplayWorld): Bench =>
  new Bench({
    openLog: () =>
      Promise.resolve(Object.assign(Object.create(world.log) as EventLog, { close: () => Promise.resolve() })),
    nowMs: world.clock.now,
  });

async function whatIf(world: ReplayWorld, ...options: readonly string[]): Promise<Compared> {
  const { stdout, stderr, exitCode } = await benchOf(world).run(['what-if', '--json', '--users', '0', ...options]);
  if (exitCode !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Compared;
}

const at = (atMs: number): string => new Date(atMs).toISOString();

describe('the same timings', () => {
  it.each([1, 2])('make the same history, whatever the window (seed %i)', async (seed) => {
    const world = new ReplayWorld({ seed });
    await world.open();
    await world.happen(250);
    await world.pass(HOUR_MS / 2);
    for (const from of [START_MS, START_MS + HOUR_MS, START_MS + 1.7 * HOUR_MS].map(Math.floor)) {
      const compared = await whatIf(world, '--from', at(from));
      expect(compared.from_ts).toBe(from);
      expect(compared.would).toEqual(compared.was);
      for (const user of compared.users) expect([user.user_id, user.would]).toEqual([user.user_id, user.was]);
      expect(compared.was.changes).toBeGreaterThan(20);
    }
    await world.stop();
  });
});

it('compares a history that is younger than its first snapshot: its timings were in force from the beginning', async () => {
  const world = new ReplayWorld({ seed: 1, users: 1, partitions: 1 });
  await world.open();
  await world.append('commands', world.users[0]!, { type: 'presence.set', device_id: 'D', presence: 'online' });
  await world.pass(100);
  const compared = await whatIf(world, '--idle-after', '10m');
  expect(compared.would).toEqual(compared.was);
  await world.stop();
});

describe('other timings', () => {
  const scene = async (): Promise<ReplayWorld> => {
    const world = new ReplayWorld({ seed: 1, users: 3, partitions: 1 });
    await world.open();
    const [alice, bob] = [world.users[0]!, world.users[1]!];
    for (const userId of [alice, bob]) {
      const value = JSON.stringify({
        type: 'room.membership',
        v: 1,
        room_id: '!r:hs',
        user_id: userId,
        membership: 'join',
      });
      await world.log.append(TOPICS.memberships, [{ key: `!r:hs|${userId}`, value }]);
    }
    // Alice: a session of twenty minutes, active only at its beginning. 5 min online, then unavailable, then the grace, then offline.
    const session = { device_id: 'D', session_id: 'S' };
    for (let minute = 0; minute < 20; minute += 4) {
      await world.append('activity', alice, { type: 'device.connected', ...session, claim: 'auto', lease_ms: 300_000 });
      await world.pass(240_000);
    }
    await world.append('activity', alice, { type: 'device.disconnected', ...session });
    await world.pass(HOUR_MS / 2);
    await world.append('commands', bob, { type: 'presence.set', device_id: 'B', presence: 'online' });
    await world.pass(HOUR_MS / 4);
    return world;
  };

  it('are online for longer when idleness comes later, and tell as often', async () => {
    const world = await scene();
    const compared = await whatIf(world, '--from', at(START_MS), '--idle-after', '10m');
    const [alice, bob] = ['@user0:hs', '@user1:hs'].map((userId) =>
      compared.users.find((user) => user.user_id === userId)!,
    );
    expect(alice).toMatchObject({
      recipients: 2,
      was: { online_ms: 300_000, visible_ms: 20 * 60_000 + 30_000, changes: 4 },
      would: { online_ms: 600_000, visible_ms: 20 * 60_000 + 30_000, changes: 4 },
    });
    expect(bob).toMatchObject({
      recipients: 2,
      was: { online_ms: 30_000, changes: 2 },
      would: { online_ms: 30_000, changes: 2 },
    });
    expect(compared.was).toMatchObject({ online_ms: 330_000, changes: 6, deliveries: 12 });
    expect(compared.would).toMatchObject({ online_ms: 630_000, changes: 6, deliveries: 12 });
    await world.stop();
  });

  it('make fewer changes when idleness never comes, and longer graces keep people visible', async () => {
    const world = await scene();
    const never = await whatIf(world, '--from', at(START_MS), '--idle-after', '1h');
    expect(never.would).toMatchObject({ online_ms: 20 * 60_000 + 30_000 + 30_000, changes: 5, deliveries: 10 });
    const grace = await whatIf(world, '--from', at(START_MS), '--offline-after', '2m');
    expect(grace.would.visible_ms - grace.was.visible_ms).toBe(2 * 90_000);
    await world.stop();
  });

  it('begin as they would have shown everybody, not as everybody was shown', async () => {
    const world = await scene();
    const fromMs = START_MS + 8 * 60_000;
    const compared = await whatIf(world, '--from', at(fromMs), '--to', at(fromMs + 60_000), '--idle-after', '10m');
    expect(compared.was.online_ms).toBe(0);
    expect(compared.would.online_ms).toBe(60_000);
    expect([compared.was.changes, compared.would.changes]).toEqual([0, 0]);
    await world.stop();
  });

  it('are told as a table, and refused when they cannot be', async () => {
    const world = await scene();
    const run = (...args: string[]) => benchOf(world).run(['what-if', ...args]);
    const text = await run('--idle-after', '10m', '--from', at(START_MS));
    expect(text).toMatchObject({ exitCode: 0, stderr: '' });
    expect(text.stdout).toContain('idleAfterMs 5 min → 10 min');
    expect(text.stdout).toMatch(/@user0:hs\s+5 min\s+10 min\s+\+5 min/);
    expect(await run('--idle-after', '30s')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('idleAfterMs (30000) must be greater'),
    });
    expect(await run('--idle-after', 'soon')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('A span is needed'),
    });
    const later = await meddled(world.log, { topic: TOPICS.snapshots, partition: 0 }, (records) => records.slice(2));
    const early = new Bench({ openLog: () => Promise.resolve(later), nowMs: world.clock.now });
    expect(await early.run(['what-if', '--idle-after', '10m', '--from', at(START_MS)])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('can go back to'),
    });
    expect(await run('--idle-after', '10m', '--from', 'now')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('nothing to compare'),
    });
    expect(await new Bench().run(['what-if'])).toMatchObject({ exitCode: 1, stdout: '' });
    await world.stop();
  });
});
