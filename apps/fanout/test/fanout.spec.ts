// The fan-out on a log in memory, sentence by sentence of semantics.md section 9 and design.md section 7.
import { decodeFrame, membershipKey } from '#libs/contracts';
import type { View } from '#libs/presence';
import type { FanoutLimits } from '../src/index.js';
import { TOPICS } from './truth.js';
import { World } from './world.js';

const [ALICE, BOB, CAROL] = ['@alice:hs', '@bob:hs', '@carol:hs'] as const;
const ONLINE: View = { presence: 'online', currentlyActive: true, lastActiveAtMs: 1_699_999_999_000 };
const OFFLINE: View = { presence: 'offline', currentlyActive: false, lastActiveAtMs: 1_699_999_999_000 };
const ROOM = '!r:hs';

async function toldBy(world: World): Promise<string[]> {
  const { frames } = await world.output();
  return frames.flatMap(({ value }) => {
    const decoded = decodeFrame(Buffer.from(value as Uint8Array).toString());
    if (!decoded.ok) throw new Error(decoded.reason);
    return decoded.record.entries.flatMap((entry) =>
      entry.to.map((recipient) => `${entry.userId} ${entry.life}.${entry.version} → ${recipient}`),
    );
  });
}

async function withWorld(run: (world: World) => Promise<void>, limits: Partial<FanoutLimits> = {}): Promise<void> {
  const world = await World.open(limits);
  await run(world);
  for (const instance of [...world.instances]) await world.stop(instance);
  expect(world.fatal).toEqual([]);
}

it('tells a change to everybody interested once, the user itself included', async () => {
  await withWorld(async (world) => {
    for (const room of [ROOM, '!s:hs'])
      for (const user of [ALICE, BOB]) await world.truth.membership(room, user, 'join');
    await world.truth.membership(ROOM, CAROL, 'invite');
    await world.start();
    await world.rest();
    await world.truth.change(ALICE, ONLINE);
    await world.rest();
    expect((await toldBy(world)).sort()).toEqual([`${ALICE} 0.1 → ${ALICE}`, `${ALICE} 0.1 → ${BOB}`]);
  });
});

it('says in the entry of a traced change what traces it, and in no other', async () => {
  await withWorld(async (world) => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    await world.truth.membership(ROOM, ALICE, 'join');
    await world.start();
    await world.rest();
    await world.truth.change(ALICE, ONLINE, { traceparent });
    await world.rest();
    await world.truth.membership(ROOM, BOB, 'join');
    await world.rest();
    await world.truth.change(ALICE, OFFLINE);
    await world.rest();
    const { frames } = await world.output();
    const entries = frames.flatMap(({ value }) => {
      const decoded = decodeFrame(Buffer.from(value as Uint8Array).toString());
      return decoded.ok ? decoded.record.entries : [];
    });
    const told = entries.flatMap(({ version, traceparent: traced, to }) =>
      to.map((recipient) => `${version} → ${recipient}: ${traced ?? 'none'}`),
    );
    expect(told.sort()).toEqual([
      `1 → ${ALICE}: ${traceparent}`,
      `1 → ${BOB}: none`,
      `2 → ${ALICE}: none`,
      `2 → ${BOB}: none`,
    ]);
  });
});

it('tells on a join what is not plain offline to the joiner, and the joiner to all', async () => {
  await withWorld(async (world) => {
    await world.start();
    await world.rest();
    await world.truth.change(ALICE, ONLINE);
    await world.truth.change(BOB, OFFLINE);
    await world.truth.change(CAROL, ONLINE);
    for (const user of [ALICE, BOB]) await world.truth.membership(ROOM, user, 'join');
    await world.rest();
    const before = new Set(await toldBy(world));
    await world.truth.membership(ROOM, CAROL, 'join');
    await world.rest();
    const news = (await toldBy(world)).filter((line) => !before.has(line)).sort();
    expect(news).toEqual([`${ALICE} 0.1 → ${CAROL}`, `${CAROL} 0.1 → ${ALICE}`, `${CAROL} 0.1 → ${BOB}`]);
    await world.truth.membership('!s:hs', CAROL, 'join');
    await world.truth.membership('!s:hs', ALICE, 'join');
    const count = (await toldBy(world)).length;
    await world.rest();
    expect((await toldBy(world)).length).toBe(count);
  });
});

it('tells plain offline to somebody who comes back and may have seen another view', async () => {
  await withWorld(async (world) => {
    await world.start();
    for (const user of [ALICE, BOB]) await world.truth.membership(ROOM, user, 'join');
    await world.truth.change(BOB, ONLINE);
    await world.rest();
    await world.truth.membership(ROOM, ALICE, 'leave');
    await world.rest();
    await world.truth.change(BOB, OFFLINE);
    await world.rest();
    await world.truth.membership(ROOM, ALICE, 'join');
    await world.rest();
    expect(await toldBy(world)).toContain(`${BOB} 0.2 → ${ALICE}`);
    expect(world.judge(await world.output())).toEqual([]);
  });
});

it('tells an erasure in its place, and the next life after it', async () => {
  await withWorld(async (world) => {
    await world.start();
    for (const user of [ALICE, BOB]) await world.truth.membership(ROOM, user, 'join');
    await world.truth.change(ALICE, ONLINE);
    await world.rest();
    await world.truth.forget(ALICE);
    await world.rest();
    await world.truth.change(ALICE, ONLINE);
    await world.rest();
    expect((await toldBy(world)).filter((line) => line.endsWith(BOB))).toEqual(
      ['0.1', '1.0', '1.1'].map((stamp) => `${ALICE} ${stamp} → ${BOB}`),
    );
    expect(world.judge(await world.output())).toEqual([]);
  });
});

it('tells only the latest of a batch', async () => {
  await withWorld(async (world) => {
    await world.start();
    await world.rest();
    for (let version = 1; version <= 5; version++)
      await world.truth.change(ALICE, version % 2 === 1 ? ONLINE : OFFLINE);
    await world.rest();
    const told = await toldBy(world);
    expect(told.at(-1)).toBe(`${ALICE} 0.5 → ${ALICE}`);
    expect(told.length).toBeLessThan(5);
  });
});

it('sends every view once when nothing is committed, or something that is not ours', async () => {
  for (const foreign of [
    undefined,
    { offset: 0 },
    { offset: 0, metadata: 'set by a tool' },
    { offset: 999, metadata: '' },
  ]) {
    await withWorld(async (world) => {
      for (const user of [ALICE, BOB]) await world.truth.membership(ROOM, user, 'join');
      await world.truth.change(ALICE, ONLINE);
      await world.truth.change(BOB, OFFLINE);
      if (foreign !== undefined) {
        const positions = [0, 1, 2, 3].map((partition) => ({ topic: TOPICS.changes, partition, ...foreign }));
        await world.log.commit('presence.fanout', positions);
      }
      await world.start();
      await world.rest();
      expect((await toldBy(world)).sort()).toEqual(
        [ALICE, BOB].flatMap((sender) => [ALICE, BOB].map((recipient) => `${sender} 0.1 → ${recipient}`)).sort(),
      );
    });
  }
});

it('goes on from what was committed without telling anything twice', async () => {
  await withWorld(async (world) => {
    for (const user of [ALICE, BOB]) await world.truth.membership(ROOM, user, 'join');
    const first = await world.start();
    await world.rest();
    await world.truth.change(ALICE, ONLINE);
    await world.rest();
    await world.stop(first);
    const before = await toldBy(world);
    await world.start();
    await world.rest();
    expect(await toldBy(world)).toEqual(before);
    await world.truth.change(BOB, ONLINE);
    await world.rest();
    expect((await toldBy(world)).length).toBe(before.length + 2);
  });
});

it('does not tell of a room that was withheld before the change, however late the policy is read', async () => {
  await withWorld(async (world) => {
    const instance = await world.start();
    for (const user of [ALICE, BOB]) await world.truth.membership(ROOM, user, 'join');
    await world.rest();
    await world.truth.policy(ROOM, 'withhold');
    await world.truth.change(ALICE, ONLINE);
    await world.rest();
    expect(await toldBy(world)).toEqual([`${ALICE} 0.1 → ${ALICE}`]);
    expect(instance.fanout.fault()).toBeUndefined();
    await world.truth.policy(ROOM, 'share');
    await world.rest();
    expect(world.judge(await world.output())).toEqual([]);
    expect(await toldBy(world)).toContain(`${ALICE} 0.1 → ${BOB}`);
  });
});

it('ends interest above the size limit and brings everybody up to date when it returns', async () => {
  await withWorld(
    async (world) => {
      const users = Array.from({ length: 11 }, (_, user) => `@u${user}:hs`);
      for (const user of users.slice(0, 10)) await world.truth.membership(ROOM, user, 'join');
      await world.start();
      await world.rest();
      await world.truth.membership(ROOM, users[10] as string, 'join');
      await world.rest();
      await world.truth.change(users[0] as string, ONLINE);
      await world.rest();
      expect(await toldBy(world)).toEqual([`${users[0]} 0.1 → ${users[0]}`]);
      for (const user of users.slice(8)) await world.truth.membership(ROOM, user, 'leave');
      await world.rest();
      expect(world.judge(await world.output())).toEqual([]);
      expect(world.lines.some((line) => line.includes('MAX_ROOM_MEMBERS'))).toBe(true);
    },
    { maxRoomMembers: 10, maxPacedPerStep: 3 },
  );
});

it('rejects a broken record once, by the task of the same number, and goes on', async () => {
  await withWorld(async (world) => {
    const [first] = [await world.start(), await world.start()];
    await world.rest();
    const appended = await world.log.append(TOPICS.memberships, [
      { key: membershipKey(ROOM, ALICE), value: '{"type":"room.membership"' },
      { key: 'nonsense', value: null },
      { key: membershipKey(ROOM, ALICE), value: Uint8Array.of(0xff, 0xfe) },
    ]);
    const policies = await world.log.append(TOPICS.rooms, [{ key: ROOM, value: '{"type":"room.policy","v":2}' }]);
    await world.rest();
    await world.stop(first as NonNullable<typeof first>);
    await world.rest();
    const expected = [
      ...appended.map(({ partition, offset }) => `${TOPICS.memberships} ${partition} ${offset}`),
      ...policies.map(({ partition, offset }) => `${TOPICS.rooms} ${partition} ${offset}`),
    ];
    expect((await world.rejected()).sort()).toEqual(expected.sort());
  });
});

it('cuts what is too large to be rejected whole, and stalls at nothing', async () => {
  await withWorld(async (world) => {
    await world.start();
    await world.rest();
    const large = Buffer.alloc(999_900, 'x');
    for (const key of ['one', 'two', 'three']) await world.log.append(TOPICS.memberships, [{ key, value: large }]);
    for (const user of [ALICE, BOB]) await world.truth.membership(ROOM, user, 'join');
    await world.truth.change(ALICE, ONLINE);
    await world.rest();
    expect((await world.rejected()).length).toBe(3);
    expect(world.judge(await world.output())).toEqual([]);
  });
});

it('rejects what it cannot read of changes, and tells what comes after it', async () => {
  await withWorld(async (world) => {
    await world.start();
    await world.rest();
    await world.log.append(TOPICS.changes, [{ key: ALICE, value: '{"type":"presence.changed","v":99}' }]);
    await world.truth.change(ALICE, ONLINE);
    await world.rest();
    expect([(await world.rejected()).length, await toldBy(world)]).toEqual([1, [`${ALICE} 0.1 → ${ALICE}`]]);
  });
});

/** Sends one recipient a second, so that a kill falls into the middle. */
const SLOW = { read: () => 0, write: () => 1_000 };
const SLICED = { maxPacedPerStep: 1, commitEveryMs: 0 };
const MANY = Array.from({ length: 12 }, (_, user) => `@u${user}:hs`);

it('commits nothing before everything is sent that a missing commit asks for', async () => {
  await withWorld(async (world) => {
    for (const user of MANY) await world.truth.membership(ROOM, user, 'join');
    for (const user of MANY) await world.truth.change(user, ONLINE);
    const first = await world.start(SLOW);
    await world.pass(2_500);
    expect((await toldBy(world)).length).toBeGreaterThan(0);
    await world.kill(first);
    expect(world.judge(await world.output())).not.toEqual([]);
    await world.start();
    await world.rest();
    expect(world.judge(await world.output())).toEqual([]);
  }, SLICED);
});

it('goes on with a room that returns when it is killed in the middle, and delays no change meanwhile', async () => {
  await withWorld(async (world) => {
    for (const user of MANY) await world.truth.membership(ROOM, user, 'join');
    await world.truth.policy(ROOM, 'withhold');
    const first = await world.start(SLOW);
    await world.rest();
    for (const user of MANY) await world.truth.change(user, ONLINE);
    await world.rest();
    await world.truth.policy(ROOM, 'share');
    await world.pass(1_500);
    await world.truth.change(ALICE, ONLINE);
    await world.pass(2_500);
    expect(await toldBy(world)).toContain(`${ALICE} 0.1 → ${ALICE}`);
    await world.kill(first);
    expect(world.judge(await world.output())).not.toEqual([]);
    await world.start();
    await world.rest();
    expect(world.judge(await world.output())).toEqual([]);
  }, SLICED);
});

it('sends nothing when the group has not confirmed it for longer than the session timeout', async () => {
  await withWorld(async (world) => {
    const instance = await world.start();
    await world.rest();
    world.log.groupFaults.suspend(instance.member);
    for (const user of [ALICE, BOB]) await world.truth.change(user, ONLINE);
    for (const user of [ALICE, BOB]) await world.truth.membership(ROOM, user, 'join');
    await world.pass(30_000);
    const before = await toldBy(world);
    await world.truth.membership(ROOM, CAROL, 'join');
    await world.truth.membership('!s:hs', ALICE, 'join');
    await world.truth.membership('!s:hs', CAROL, 'join');
    await world.pass(30_000);
    expect(await toldBy(world)).toEqual(before);
    world.log.groupFaults.wake(instance.member);
    await world.truth.change(CAROL, ONLINE);
    await world.rest();
    expect(world.judge(await world.output())).toEqual([]);
  });
});

it('waits for a log that is away and loses nothing', async () => {
  await withWorld(async (world) => {
    const instance = await world.start();
    for (const user of [ALICE, BOB]) await world.truth.membership(ROOM, user, 'join');
    await world.rest();
    instance.log.faults.unreachable = true;
    await world.truth.change(ALICE, ONLINE);
    await world.truth.membership(ROOM, CAROL, 'join');
    await world.pass(20_000);
    expect(await toldBy(world)).toEqual([]);
    instance.log.faults.unreachable = false;
    await world.rest();
    expect(world.judge(await world.output())).toEqual([]);
  });
});
