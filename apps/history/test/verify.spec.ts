// `rollcall verify`: what an engine wrote is found clean, whatever befell it; whatever anybody changed is found.
import type { EventLog, LogRecord } from '#libs/event-log';
import { DEFAULT_POLICY } from '#libs/presence';
import { type VerifiedPartition, verifyPartition } from '../src/replay/verify-partition.js';
import { Bench } from './bench.js';
import { HOUR_MS, ReplayWorld, START_MS, TOPICS, meddled, recordsOf } from './replay-world.js';

const verify = (log: EventLog, partition: number, window: object = {}): Promise<VerifiedPartition> =>
  verifyPartition({ log, topics: TOPICS, partition, onProgress: () => undefined, ...window });

async function verifyAll(world: ReplayWorld, log: EventLog = world.log): Promise<VerifiedPartition[]> {
  const all: VerifiedPartition[] = [];
  for (let partition = 0; partition < world.partitions; partition += 1) all.push(await verify(log, partition));
  return all;
}

const sentences = (all: readonly VerifiedPartition[]): (string | undefined)[] =>
  all.map(({ difference, unproven }) => difference?.sentence ?? unproven);

async function lived(seed: number, count: number, options: object = {}): Promise<ReplayWorld> {
  const world = new ReplayWorld({ seed, ...options });
  await world.open();
  await world.happen(count);
  return world;
}

describe('an undisturbed history', () => {
  it.each([1, 2, 3])('of seed %i is clean: every change, from the very first on', async (seed) => {
    const world = await lived(seed, 300);
    await world.pass(2 * HOUR_MS);
    await world.stop();
    const all = await verifyAll(world);
    expect(sentences(all)).toEqual([undefined, undefined]);
    const changes = await Promise.all([0, 1].map((partition) => recordsOf(world.log, TOPICS.changes, partition)));
    expect(all.map(({ stretches }) => stretches.reduce((sum, stretch) => sum + stretch.changes, 0))).toEqual(
      changes.map(({ length }) => length),
    );
    expect(changes[0]!.length).toBeGreaterThan(50);
  });

  it('is clean from a later snapshot on, and while the engine goes on', async () => {
    const world = await lived(11, 400);
    for (const fromMs of [START_MS + 2 * HOUR_MS, world.clock.nowMs()]) {
      const result = await verify(world.log, 0, { fromMs });
      expect(result.difference).toBeUndefined();
      expect(result.stretches[0]!.fromMs).toBeGreaterThan(START_MS);
      expect(result.stretches[0]!.fromMs).toBeLessThanOrEqual(fromMs);
    }
    const partly = await verify(world.log, 0, { toMs: START_MS + HOUR_MS });
    expect(partly.difference).toBeUndefined();
    expect(partly.stretches[0]!.changes).toBeLessThan((await recordsOf(world.log, TOPICS.changes, 0)).length);
    await world.stop();
  });

  it('begins anew, and is clean, where the timings were changed', async () => {
    const world = await lived(12, 150);
    await world.stop();
    world.policy = { ...DEFAULT_POLICY, idleAfterMs: 90_000, offlineAfterMs: 5_000 };
    await world.start();
    await world.happen(150);
    await world.stop();
    const all = await verifyAll(world);
    expect(sentences(all)).toEqual([undefined, undefined]);
    expect(all[0]!.stretches.map(({ policy, endedBy }) => [policy.idleAfterMs, endedBy])).toEqual([
      [300_000, 'policy'],
      [90_000, undefined],
    ]);
  });

  it('is clean from the first snapshot whose inputs retention has left', async () => {
    const world = await lived(13, 200, { inputRetentionMs: 5 * HOUR_MS });
    await world.pass(4 * HOUR_MS);
    await world.happen(200);
    await world.stop();
    expect((await world.log.starts(TOPICS.activity))[0]).toBeGreaterThan(0);
    const all = await verifyAll(world);
    expect(sentences(all)).toEqual([undefined, undefined]);
    for (const { stretches } of all) {
      expect(stretches[0]!.fromMs).toBeGreaterThan(START_MS);
      expect(stretches[0]!.changes).toBeGreaterThan(20);
    }
  });

  it('begins at the next snapshot where inputs were lost and that was accepted', async () => {
    const world = await lived(14, 100, { inputRetentionMs: HOUR_MS });
    await world.stop();
    for (const userId of world.users) await world.append('activity', userId, { type: 'device.active' });
    await world.pass(3 * HOUR_MS);
    await world.append('activity', world.users[0]!, { type: 'device.active' });
    await world.start(true);
    await world.happen(100);
    await world.stop();
    const all = await verifyAll(world);
    expect(sentences(all)).toEqual([undefined, undefined]);
    expect(all[0]!.stretches[0]!.changes).toBeGreaterThan(10);
  });

  it('cannot be proven without a snapshot, and that is said', async () => {
    const world = await lived(15, 40);
    await world.stop();
    const log = await meddled(world.log, { topic: TOPICS.snapshots, partition: 0 }, () => []);
    expect((await verify(log, 0)).unproven).toMatch(/there is no snapshot/);
  });
});

describe('where inputs were not taken in the order of their times', () => {
  it('the recorded order is what makes it clean', async () => {
    let differing = 0;
    for (const seed of [1, 2]) {
      const world = await lived(seed, 300);
      await world.stop();
      for (const partition of [0, 1]) {
        const unordered = (records: LogRecord[]): LogRecord[] => records.filter(({ key }) => String(key) !== '!order');
        const log = await meddled(world.log, { topic: TOPICS.snapshots, partition }, unordered);
        if ((await verify(log, partition)).difference !== undefined) differing += 1;
      }
    }
    expect(differing).toBeGreaterThan(0);
  });
});

describe('a history that somebody meddled with', () => {
  let world: ReplayWorld;
  let changes: LogRecord[];
  beforeAll(async () => {
    world = await lived(21, 300);
    await world.pass(2 * HOUR_MS);
    await world.stop();
    changes = await recordsOf(world.log, TOPICS.changes, 0);
  }, 60_000);

  const found = async (meddle: (records: LogRecord[]) => LogRecord[]): Promise<VerifiedPartition['difference']> =>
    (await verify(await meddled(world.log, { topic: TOPICS.changes, partition: 0 }, meddle), 0)).difference;
  const places = (): number[] => [0, 1, 2, 7, 19, 30, 44, changes.length - 3, changes.length - 2, changes.length - 1];
  const edited = (at: number, edit: (value: Record<string, unknown>) => object) => (records: LogRecord[]) =>
    records.map((record, index) =>
      index === at
        ? {
            ...record,
            value: Buffer.from(JSON.stringify(edit(JSON.parse(String(record.value)) as Record<string, unknown>))),
          }
        : record,
    );

  it('is clean when nothing was changed', async () => {
    expect(await found((records) => records)).toBeUndefined();
  });

  it('is found wherever a change was removed', async () => {
    for (const at of places()) {
      const difference = await found((records) => records.filter((_, index) => index !== at));
      expect([at, difference?.kind]).toEqual([at, 'missing']);
      expect(difference!.userId).toBe(String(changes[at]!.key));
    }
  });

  it('is found wherever a change was repeated, there or later', async () => {
    for (const at of places()) {
      const again = (records: LogRecord[]): LogRecord[] =>
        records.flatMap((record, index) => (index === at ? [record, record] : [record]));
      expect([at, (await found(again))?.kind]).toEqual([at, 'repeated']);
      const later = await found((records) => [...records, records[at]!]);
      expect([at, later?.kind, later?.offset]).toEqual([at, 'repeated', changes.length]);
    }
  });

  it('is found wherever two changes were exchanged', async () => {
    for (const at of places().slice(0, -1)) {
      // Two timers of one instant may have fired in either order.
      const [one, other] = [changes[at]!, changes[at + 1]!].map(
        ({ value }) => JSON.parse(String(value)) as { at_ts: number },
      );
      if (one!.at_ts === other!.at_ts && changes[at]!.key !== changes[at + 1]!.key) continue;
      const difference = await found((records) =>
        records.map((record, index) => (index === at ? records[at + 1]! : index === at + 1 ? records[at]! : record)),
      );
      expect([at, difference === undefined]).toEqual([at, false]);
    }
  });

  it.each([
    ['the time', (value: Record<string, unknown>) => ({ ...value, at_ts: (value['at_ts'] as number) + 1 })],
    ['the version', (value: Record<string, unknown>) => ({ ...value, version: (value['version'] as number) + 1 })],
    [
      'the presence',
      (value: Record<string, unknown>) => ({ ...value, presence: value['presence'] === 'busy' ? 'online' : 'busy' }),
    ],
    ['the message', (value: Record<string, unknown>) => ({ ...value, status_msg: 'was never said' })],
    ['the activity', (value: Record<string, unknown>) => ({ ...value, last_active_ts: 5 })],
    [
      'currently_active',
      (value: Record<string, unknown>) => ({ ...value, currently_active: value['currently_active'] !== true }),
    ],
    [
      'what was before',
      (value: Record<string, unknown>) => ({ ...value, before: { presence: 'busy', currently_active: true } }),
    ],
    ['the cause', (value: Record<string, unknown>) => ({ ...value, cause: { timer: 'lease' } })],
    ['the life', (value: Record<string, unknown>) => ({ ...value, life: 7 })],
    ['the user', (value: Record<string, unknown>) => ({ ...value, user_id: '@somebody:else' })],
    ['what was applied', (value: Record<string, unknown>) => ({ ...value, applied: { activity: 99_999 } })],
    ['everything', () => ({ nothing: 'of ours' })],
  ])('is found when %s of a change was edited', async (what, edit) => {
    for (const at of places()) {
      const before = JSON.parse(String(changes[at]!.value)) as Record<string, unknown>;
      if (
        JSON.stringify(edit(before)) === JSON.stringify(before) ||
        (before['type'] === 'presence.forgotten' && !/time|life|user|cause|applied|everything|version/.test(what))
      )
        continue;
      expect([at, (await found(edited(at, edit))) === undefined]).toEqual([at, false]);
    }
  });

  it('is found where a change was invented', async () => {
    const invented = Buffer.from(
      '{"type":"presence.changed","v":1,"user_id":"@user0:hs","version":99,"at_ts":5,"presence":"online","currently_active":false,"before":{"presence":"offline","currently_active":false},"cause":{"timer":"idle"},"applied":{}}',
    );
    for (const at of [1, 20]) {
      const difference = await found((records) =>
        records.toSpliced(at, 0, { ...records[at]!, key: Buffer.from('@user0:hs'), value: invented }),
      );
      expect(difference).toBeDefined();
    }
  });

  it('is found where an input was removed', async () => {
    const activity = await recordsOf(world.log, TOPICS.activity, 0);
    const first = activity.findIndex(({ value }) => String(value).includes('device.connected'));
    const log = await meddled(world.log, { topic: TOPICS.activity, partition: 0 }, (records) =>
      records.map((record, index) => (index === first ? { ...record, value: Buffer.from('{}') } : record)),
    );
    expect((await verify(log, 0)).difference).toBeDefined();
  });
});

describe('rollcall verify', () => {
  it('says what it did, and ends with 0, 1 or 3', async () => {
    const world = await lived(31, 120);
    await world.stop();
    const at = new Bench({
      openLog: () =>
        Promise.resolve(Object.assign(Object.create(world.log) as EventLog, { close: () => Promise.resolve() })),
    });
    const clean = await at.run(['verify']);
    expect(clean).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: expect.stringMatching(/changes as they must be: clean\n$/),
    });
    const json = JSON.parse((await at.run(['verify', '--json'])).stdout) as { clean: boolean; inputs: number };
    expect(json).toMatchObject({
      clean: true,
      inputs: expect.any(Number),
      partitions: [{ partition: 0 }, { partition: 1 }],
    });

    const removed = await meddled(world.log, { topic: TOPICS.changes, partition: 1 }, (records) =>
      records.toSpliced(3, 1),
    );
    const other = new Bench({ openLog: () => Promise.resolve(removed) });
    expect(await other.run(['verify'])).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('partition 1 DIFFERS: '),
    });
    expect(await other.run(['verify', '--partition', '0'])).toMatchObject({ exitCode: 0 });
    expect(JSON.parse((await other.run(['verify', '--json'])).stdout)).toMatchObject({
      clean: false,
      partitions: [{}, { difference: { kind: 'missing', sentence: expect.any(String) } }],
    });
    expect(await at.run(['verify', '--partition', '7'])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('0 to 1'),
    });
    expect(await at.run(['verify', '--from', 'yesterday'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('with its zone'),
    });
    expect(await new Bench().run(['verify'])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('There is no topic'),
    });
  });

  it('says when the timings were others than the ones configured here', async () => {
    const world = await lived(32, 60);
    await world.stop();
    const at = new Bench({
      openLog: () =>
        Promise.resolve(Object.assign(Object.create(world.log) as EventLog, { close: () => Promise.resolve() })),
    });
    at.environment['IDLE_AFTER_MS'] = '600000';
    expect((await at.run(['verify'])).stdout).toContain('idleAfterMs 300000 (here 600000)');
  });
});
