// Topics `presence.to.<recipient>`: filled, kept up, mended, bounded, forgotten. Design.md section 7.
import { recipientTopic, recipientTopicSpec } from '#libs/contracts';
import { ALICE, AWAY, BOB, CAROL, holds, ONLINE, shown, subscribe, withWorld } from './recipients.js';
import { PREFIX } from './truth.js';
import type { World } from './world.js';

const LONG = `@${'ü'.repeat(100)}:hs`;

/** Every record as it is written, before compaction takes it. */
async function watch(world: World, userId: string): Promise<string[]> {
  const seen: string[] = [];
  const name = recipientTopic(PREFIX, userId);
  await world.log.tail({
    topics: new Map([[name, 'start']]),
    onBatch: ({ records }) => void seen.push(...records.map(shown)),
    onError: (error) => void seen.push(error.message),
  });
  return seen;
}

it('is filled within ten seconds with m.presence events as of now, and kept up to date', async () => {
  await withWorld(async (world) => {
    await subscribe(world, BOB);
    const seen = await watch(world, BOB);
    await world.pass(10_000);
    const [record] = (await world.output([BOB])).recipientTopics.get(BOB) ?? [];
    const event = JSON.parse(Buffer.from(record?.value as Uint8Array).toString()) as {
      content: { last_active_ago: number };
    };
    expect(event).toEqual({
      type: 'm.presence',
      sender: ALICE,
      content: {
        presence: 'online',
        currently_active: true,
        status_msg: 'hi',
        last_active_ago: event.content.last_active_ago,
      },
    });
    expect(event.content.last_active_ago).toBe((record?.timestampMs ?? 0) - 1_699_999_999_000);
    expect(record?.headers).toMatchObject({ version: '1', last_active_ts: '1699999999000' });
    await world.truth.change(ALICE, AWAY);
    await world.truth.change(BOB, ONLINE);
    await world.rest();
    expect([...seen].sort()).toEqual([`${ALICE} 1 event`, `${ALICE} 2 event`, `${BOB} 1 event`]);
  });
});

it('gets a tombstone when the last shared room is gone, withheld, or the sender is forgotten', async () => {
  await withWorld(async (world) => {
    await subscribe(world, BOB);
    const seen = await watch(world, BOB);
    await world.rest();
    for (const part of [
      () => world.truth.membership('!r:hs', ALICE, 'leave'),
      () => world.truth.membership('!r:hs', ALICE, 'join'),
      () => world.truth.policy('!r:hs', 'withhold'),
      () => world.truth.policy('!r:hs', null),
      () => world.truth.forget(ALICE),
    ]) {
      await part();
      await world.rest();
    }
    expect(seen.map((line) => line.split(' ')[2])).toEqual([
      'event',
      'tombstone',
      'event',
      'tombstone',
      'event',
      'tombstone',
    ]);
    expect(world.judge(await world.output([BOB]))).toEqual([]);
  });
});

it('is mended: missing, older, no longer shared and foreign records, found at the start or written later', async () => {
  await withWorld(async (world) => {
    const name = recipientTopic(PREFIX, BOB);
    await subscribe(world, BOB);
    await world.log.append(name, [
      { key: ALICE, value: '{"type":"m.presence"}', headers: { version: '0' } },
      {
        key: CAROL,
        value: `{"type":"m.presence","sender":"${CAROL}","content":{"presence":"online"}}`,
        headers: { version: '3' },
      },
      { key: 'not a user', value: 'x' },
    ]);
    await world.rest();
    expect(world.judge(await world.output([BOB]))).toEqual([]);
    await world.log.append(name, [
      { key: ALICE, value: null },
      { key: CAROL, value: 'x' },
    ]);
    await world.rest();
    expect(world.judge(await world.output([BOB]))).toEqual([]);
    expect((await holds(world, BOB)).filter((line) => line.startsWith('not a user')).at(-1)).toBe(
      'not a user - tombstone',
    );
  });
});

it('is forgotten when it is deleted, and filled again when it comes back at once', async () => {
  await withWorld(async (world) => {
    await subscribe(world, BOB);
    await world.rest();
    await world.log.deleteTopic(recipientTopic(PREFIX, BOB));
    await subscribe(world, BOB);
    await world.pass(10_000);
    expect(await holds(world, BOB)).toEqual([`${ALICE} 1 event`]);
    await world.log.deleteTopic(recipientTopic(PREFIX, BOB));
    await world.truth.change(ALICE, AWAY);
    await world.rest();
    expect(await world.log.listTopics()).not.toContain(recipientTopic(PREFIX, BOB));
    expect(world.instances[0]?.fanout.recipients.count).toBe(0);
  });
});

it('finds the owner of a hashed name among the known members, also when they come later', async () => {
  await withWorld(async (world) => {
    await subscribe(world, LONG);
    expect(recipientTopic(PREFIX, LONG)).toContain('-h-');
    await world.rest();
    expect(world.instances[0]?.fanout.recipients.count).toBe(0);
    await world.truth.membership('!r:hs', LONG, 'join');
    await world.pass(10_000);
    expect(await holds(world, LONG)).toEqual([`${ALICE} 1 event`]);
  });
});

it('is refused, in words, when it is not compacted or names nobody; others are served', async () => {
  await withWorld(async (world) => {
    await subscribe(world, ALICE, 'delete');
    await world.log.createTopics([recipientTopicSpec('presence.to.nobody'), recipientTopicSpec('presence.to.a_b')]);
    await subscribe(world, BOB);
    await world.rest();
    expect([await holds(world, ALICE), await holds(world, BOB)]).toEqual([[], [`${ALICE} 1 event`]]);
    const refusals = world.lines.filter((line) => line.startsWith('a recipient topic is not written'));
    expect(refusals).toHaveLength(3);
    expect(refusals.join('\n')).toContain('must be compact');
  });
});

it('is one for a recipient, whoever found which first: the name that we write, or the first by name', async () => {
  await withWorld(async (world) => {
    const own = recipientTopic(PREFIX, BOB);
    const lower = own.replaceAll('-3A', '-3a');
    await world.log.createTopics([recipientTopicSpec(lower)]);
    await world.rest();
    expect(world.instances[0]?.fanout.recipients.count).toBe(1);
    await world.log.createTopics([recipientTopicSpec(own)]);
    await world.start();
    await world.rest();
    for (const { fanout } of world.instances)
      expect([...fanout.recipients.followed()].map(({ name }) => name)).toEqual([own]);
    await world.truth.change(ALICE, AWAY);
    await world.rest();
    expect(await holds(world, BOB)).toEqual([`${ALICE} 2 event`]);
    const refusals = world.lines.filter((line) => line.includes('another topic belongs to the same recipient'));
    expect(refusals).toHaveLength(2);
  });
});

it('serves no more than the limit, says so once, and serves the rest when there is room', async () => {
  await withWorld(
    async (world) => {
      for (const user of [ALICE, BOB]) await subscribe(world, user);
      await world.rest();
      expect([await holds(world, ALICE), await holds(world, BOB)]).toEqual([[`${ALICE} 1 event`], []]);
      expect(world.lines.filter((line) => line.includes('MAX_RECIPIENT_TOPICS'))).toHaveLength(1);
      await world.log.deleteTopic(recipientTopic(PREFIX, ALICE));
      await world.rest();
      expect(await holds(world, BOB)).toEqual([`${ALICE} 1 event`]);
    },
    { maxRecipientTopics: 1 },
  );
});

it('is written with so many others at once, and no more', async () => {
  await withWorld(
    async (world) => {
      const users = Array.from({ length: 30 }, (_, index) => `@member${index}:hs`);
      for (const user of users) await world.truth.membership('!r:hs', user, 'join');
      for (const user of users) await subscribe(world, user);
      await world.rest();
      const { log } = world.instances[0]!;
      let [underWay, most, all] = [0, 0, 0];
      log.faults.appendFate = (topic) => {
        if (topic.startsWith('presence.to.')) underWay -= 1;
        return 'commit';
      };
      const append = log.append.bind(log);
      log.append = async (topic, records) => {
        if (!topic.startsWith('presence.to.')) return append(topic, records);
        underWay += 1;
        all += 1;
        most = Math.max(most, underWay);
        return append(topic, records);
      };
      await world.truth.change(ALICE, AWAY);
      await world.rest();
      expect([all, most]).toEqual([30, 7]);
      expect(world.judge(await world.output(users))).toEqual([]);
    },
    { maxSettledAtOnce: 7 },
  );
});

it('is written by the owner of the sender, once, with two instances', async () => {
  await withWorld(async (world) => {
    await world.start();
    await subscribe(world, BOB);
    const seen = await watch(world, BOB);
    await world.rest();
    for (const [user, view] of [
      [ALICE, AWAY],
      [BOB, ONLINE],
      [ALICE, ONLINE],
    ] as const) {
      await world.truth.change(user, view);
      await world.rest();
    }
    expect(seen).toEqual([`${ALICE} 1 event`, `${ALICE} 2 event`, `${BOB} 1 event`, `${ALICE} 3 event`]);
  });
});
