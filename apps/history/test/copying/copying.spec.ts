// `rollcall topics copy` on the in-memory log: a copied town goes on exactly as one that was never copied, cut off or not.
import { COPIED_FROM, PROGRESS_KEY, copiedFrom, copyTopic, isCopyDone, topicNames, topicSpecs } from '#libs/contracts';
import { TopicMismatchError, type LogRecord } from '#libs/event-log';
import { requireWholeCopy } from '#libs/runtime';
import { type Deed, Town, drawDeeds } from './town.js';

const TOPICS = topicNames('presence.');
const HALF = 150;
const LATER_MS = 3_600_000;
const put = (userId: string): Deed => ({
  afterMs: 0,
  topic: 'commands',
  userId,
  fields: { type: 'presence.set', device_id: 'D', presence: 'online' },
});

async function recordsByPartition({ log }: Town, topic: string): Promise<LogRecord[][]> {
  const found: LogRecord[][] = [];
  for (const [partition, end] of (await log.ends(topic)).entries()) {
    found[partition] = [];
    for await (const { records } of log.read(topic, partition, 0, end)) found[partition].push(...records);
  }
  return found;
}

const recordsOf = async (town: Town, topic: string): Promise<LogRecord[]> =>
  (await recordsByPartition(town, topic)).flat();

async function settled(): Promise<Town> {
  const town = await Town.founded(3);
  await town.live([put('@a:hs'), put('@b:hs')]);
  const rooms = ['!r:hs|@a:hs', '!r:hs|@b:hs'].map((key) => ({ key, value: `{"membership of":"${key}"}` }));
  await town.log.append(TOPICS.memberships, rooms);
  await town.stop();
  return town;
}

describe('a copied town', () => {
  it.each([
    [3, 8],
    [8, 3],
    [2, 4],
  ])('of %d partitions goes on in %d as if nothing had been', async (before, after) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const deeds = drawDeeds(seed, 2 * HALF);
    const [copied, whole] = [await Town.founded(before), await Town.founded(before)];
    for (const town of [copied, whole]) await town.live(deeds.slice(0, HALF));
    await copied.kill();
    await copied.copyTo('wide.', after);
    copied.prefix = 'wide.';
    // Deadlines pass while nobody runs.
    for (const town of [copied, whole]) await town.pass(25_000);
    await copied.start();
    for (const town of [copied, whole]) {
      await town.live(deeds.slice(HALF));
      await town.pass(LATER_MS);
    }
    expect({ seed, histories: await copied.histories() }).toEqual({ seed, histories: await whole.histories() });
    await copied.stop();
    await whole.stop();
  });

  it('is the same however often its copy is cut off', async () => {
    const town = await Town.founded(3);
    await town.live(drawDeeds(7, HALF));
    await town.log.append(TOPICS.memberships, [{ key: '!r:hs|@a:hs', value: '{}' }]);
    await town.kill();
    let tries = 0;
    for (let isDone = false; !isDone; tries += 1) {
      isDone = await town.copyTo('wide.', 5, tries).then(
        () => true,
        (error: Error) => {
          expect(error.message).toContain('The same command goes on where this one stopped');
          return false;
        },
      );
    }
    expect(tries).toBeGreaterThan(3);
    expect(await town.histories('wide.')).toEqual(await town.histories());
    const [old, copied] = await Promise.all([recordsOf(town, TOPICS.changes), recordsOf(town, 'wide.changes')]);
    expect(copied).toHaveLength(old.length);
    expect(await recordsOf(town, 'wide.memberships')).toHaveLength(1);
  });

  it('keeps times, says where each record was, begins its inputs anew and snapshots nothing', async () => {
    const town = await settled();
    const { compared } = await town.copyTo('wide.', 5);
    expect(Object.keys(compared).sort()).toEqual(['changes', 'memberships', 'registers', 'rooms', 'states']);
    expect(compared['states']!.count).toBe(2);
    const before = await recordsByPartition(town, TOPICS.changes);
    for (const record of await recordsOf(town, 'wide.changes')) {
      const { partition, offset } = copiedFrom(record.headers)!;
      const was = before[partition]?.find((old) => old.offset === offset);
      expect(was).toMatchObject({ timestampMs: record.timestampMs, value: record.value });
    }
    expect(before.flat().every(({ headers }) => headers?.[COPIED_FROM] === undefined)).toBe(true);
    for (const word of ['activity', 'commands', 'snapshots', 'rejected', 'deliveries'] as const)
      expect(await recordsOf(town, topicNames('wide.')[word])).toEqual([]);
    const progress = (await recordsOf(town, 'wide.states')).filter(({ key }) => String(key) === PROGRESS_KEY);
    expect(progress).toHaveLength(5);
    expect(JSON.parse(String(progress[0]!.value))).toMatchObject({ inputs: { commands: { next_offset: 0 } } });
    for (const { value } of await recordsOf(town, 'wide.registers'))
      expect(JSON.parse(String(value))).toMatchObject({ activity: { offset: -1 }, commands: { offset: -1 } });
  });

  it('moves subscriptions, which the fan-out fills', async () => {
    const town = await settled();
    await town.log.createTopics([
      { name: 'presence.to.-40bot-3Ahs', partitions: 2, cleanup: 'compact', timestamps: 'create' },
    ]);
    await town.copyTo('wide.');
    expect(await town.log.describeTopic('wide.to.-40bot-3Ahs')).toMatchObject({ partitions: 2, cleanup: 'compact' });
  });

  it('drops what an earlier try wrote and the old town has no longer', async () => {
    const town = await settled();
    await expect(town.copyTo('wide.', 5, 2)).rejects.toThrow('Stopped');
    await town.log.append('wide.registers', [{ key: '@gone:hs', value: '{"activity":{},"commands":{}}' }]);
    await town.copyTo('wide.', 5);
    const gone = (await recordsOf(town, 'wide.registers')).filter(({ key }) => String(key) === '@gone:hs');
    expect(gone.at(-1)?.value ?? null).toBeNull();
  });

  it('is refused to services until it is whole', async () => {
    const town = await settled();
    const ready = (): Promise<void> => requireWholeCopy(town.log, copyTopic('wide.'), isCopyDone);
    await ready();
    await expect(town.copyTo('wide.', 5, 1)).rejects.toThrow('Stopped');
    await expect(ready()).rejects.toThrow(TopicMismatchError);
    await town.copyTo('wide.', 5);
    await ready();
  });

  it('takes what was written after the last aggregator stopped', async () => {
    const town = await settled();
    await town.write(put('@late:hs'));
    await town.copyTo('wide.', 5);
    expect(town.notes[0]).toContain('1 inputs were written after the last aggregator stopped');
    expect(Object.keys(await town.histories('wide.'))).toContain('@late:hs');
  });
});

describe('a copy is refused', () => {
  it('while somebody runs, here or there', async () => {
    const town = await Town.founded(2);
    await expect(town.copyTo('wide.')).rejects.toThrow('presence.aggregator has 1 member: stop every service');
    await town.stop();
    await town.copyTo('wide.');
  });

  it('where there is no log, or something else already', async () => {
    const town = await settled();
    await town.log.createTopics(topicSpecs({ prefix: 'full.', partitions: 2, deliveryPartitions: 2 }));
    await town.log.append('full.rooms', [{ key: '!r:hs', value: '{}' }]);
    await expect(town.copyTo('full.')).rejects.toThrow('full. in /');
    await expect(new Town('nothing.').copyTo('wide.')).rejects.toThrow('nothing.activity does not exist');
    await town.log.createTopics(topicSpecs({ prefix: 'other.', partitions: 4, deliveryPartitions: 2 }));
    await expect(town.copyTo('other.', 2)).rejects.toThrow('other.activity has 4 partitions');
  });

  it('from another log than the one that it began with, and done but once', async () => {
    const town = await settled();
    expect((await town.copyTo('wide.', 5)).outcome).toBe('copied');
    expect((await town.copyTo('wide.', 5)).outcome).toBe('already copied');
    await town.log.createTopics(topicSpecs({ prefix: 'new.', partitions: 2, deliveryPartitions: 2 }));
    town.prefix = 'new.';
    await expect(town.copyTo('wide.')).rejects.toThrow('is a copy of another log');
    town.prefix = 'presence.';
    await town.log.append(TOPICS.rooms, [{ key: '!r:hs', value: '{}' }]);
    await expect(town.copyTo('wide.')).rejects.toThrow('has gone on since');
  });

  it('done, when what was written is not what was read', async () => {
    const town = await settled();
    await expect(town.copyTo('wide.', 5, 2)).rejects.toThrow('Stopped');
    const lost = (await recordsOf(town, 'wide.changes'))[0]!;
    // Somebody wrote in the name of the copy.
    await town.log.append('wide.changes', [{ key: lost.key, value: 'x', headers: { [COPIED_FROM]: '0:0' } }]);
    await expect(town.copyTo('wide.', 5)).rejects.toThrow('the copy of changes differs');
  });
});
