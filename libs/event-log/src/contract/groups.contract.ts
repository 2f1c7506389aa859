// The contract of groups: partitions shared out and kept, nothing before a seek, nothing of what is paused or lost.
import type { EventLog, GroupMember, RecordBatch } from '../port.js';
import { freshName, freshTopic, numbered, type Setting, text, until } from './setting.js';

/** A member that records all it is told, and seeks what it gains to where a shared table of positions says. */
class Seat {
  readonly events: string[] = [];
  readonly batches: RecordBatch[] = [];
  readonly errors: Error[] = [];
  member!: GroupMember;
  seeks = true;
  private readonly owned = new Set<number>();

  static async take(log: EventLog, group: string, topics: readonly string[], seeks = true): Promise<Seat> {
    const seat = new Seat();
    seat.seeks = seeks;
    seat.member = await log.join({
      group,
      topics,
      onAssigned: (partitions) => {
        seat.events.push(`+${[...partitions].sort().join()}`);
        for (const p of partitions) seat.owned.add(p);
        if (seat.seeks) for (const p of partitions) for (const topic of topics) seat.member.seek(topic, p, 0);
      },
      onRevoked: (partitions) => {
        seat.events.push(`-${[...partitions].sort().join()}`);
        for (const p of partitions) seat.owned.delete(p);
      },
      onBatch: (batch) => {
        if (!seat.owned.has(batch.partition))
          seat.errors.push(new Error(`A batch of partition ${batch.partition}, which is not ours`));
        seat.batches.push(batch);
      },
      onError: (error) => void seat.errors.push(error),
    });
    return seat;
  }

  get partitions(): number[] {
    return [...this.owned].sort((a, b) => a - b);
  }

  offsets(topic: string, partition: number): number[] {
    return this.batches
      .filter((batch) => batch.topic === topic && batch.partition === partition)
      .flatMap((batch) => batch.records.map((record) => record.offset));
  }

  values(topic: string): (string | null)[] {
    return this.batches.filter((b) => b.topic === topic).flatMap((b) => b.records.map((record) => text(record.value)));
  }
}

const spread = (from: number, partitions: number) =>
  Array.from({ length: partitions }, (_, partition) => ({ key: null, value: `${partition}.${from}`, partition }));

const twoTopics = async (log: EventLog, partitions: number): Promise<[string, string]> => [
  await freshTopic(log, 'activity', { partitions }),
  await freshTopic(log, 'commands', { partitions }),
];

const balanced = (a: Seat, b: Seat, partitions: number): Promise<unknown> =>
  until(
    () => [a.partitions, b.partitions],
    ([x, y]) =>
      [...(x ?? []), ...(y ?? [])].sort().join() === Array.from({ length: partitions }, (_, p) => p).join() &&
      Math.abs((x?.length ?? 0) - (y?.length ?? 0)) <= 1,
  );

const sharing = (setting: Setting): void => {
  it('give a lone member everything, and nothing before every topic of a partition was sought', async () => {
    const log = setting.log();
    const topics = await twoTopics(log, 2);
    for (const topic of topics) await log.append(topic, spread(0, 2));
    const seat = await Seat.take(log, freshName('group'), topics, false);
    await until(
      () => seat.partitions,
      (owned) => owned.join() === '0,1',
    );
    expect([...seat.member.assigned].sort()).toEqual([0, 1]);
    seat.member.seek(topics[0], 0, 0);
    seat.member.seek(topics[0], 1, 0);
    seat.member.seek(topics[1], 1, 0);
    await until(
      () => seat.batches.filter((batch) => batch.records.length > 0).length,
      (count) => count >= 2,
    );
    expect(seat.batches.every((batch) => batch.partition === 1)).toBe(true);
    seat.member.seek(topics[1], 0, 0);
    await until(
      () => [...topics].map((topic) => seat.values(topic).length),
      (counts) => counts.join() === '2,2',
    );
    await seat.member.leave();
    expect(seat.errors).toEqual([]);
  });

  it('are counted by anybody', async () => {
    const log = setting.log();
    const topics = await twoTopics(log, 2);
    const group = freshName('group');
    expect(await log.memberCount(group)).toBe(0);
    const seat = await Seat.take(log, group, topics, true);
    await until(
      () => log.memberCount(group),
      (count) => count === 1,
    );
    await seat.member.leave();
    await until(
      () => log.memberCount(group),
      (count) => count === 0,
    );
  });

  it('share partitions between two members, and give them back', async () => {
    const { log, second } = setting.under();
    const topics = await twoTopics(log, 4);
    const group = freshName('group');
    const a = await Seat.take(log, group, topics);
    await until(
      () => a.partitions.length,
      (count) => count === 4,
    );
    const b = await Seat.take(second ?? log, group, topics);
    await balanced(a, b, 4);
    for (let i = 0; i < 3; i++) for (const topic of topics) await log.append(topic, spread(i, 4));
    const seen = (seat: Seat): number => topics.reduce((sum, topic) => sum + seat.values(topic).length, 0);
    await until(
      () => seen(a) + seen(b),
      (count) => count >= 24,
    );
    for (const p of a.partitions) expect(b.offsets(topics[0], p)).toEqual([]);
    await a.member.leave();
    await until(
      () => b.partitions,
      (owned) => owned.join() === '0,1,2,3',
    );
    await until(
      () => [0, 1, 2, 3].map((p) => b.offsets(topics[1], p).length),
      (counts) => counts.every((count) => count >= 3),
    );
    await b.member.leave();
    expect([...a.errors, ...b.errors]).toEqual([]);
  });

  it('go on at their position in partitions that stay', async () => {
    const { log, second } = setting.under();
    const topics = await twoTopics(log, 2);
    const group = freshName('group');
    const a = await Seat.take(log, group, topics);
    for (const topic of topics) await log.append(topic, spread(0, 2));
    await until(
      () => topics.map((topic) => a.values(topic).length),
      (counts) => counts.join() === '2,2',
    );
    const b = await Seat.take(second ?? log, group, topics);
    await balanced(a, b, 2);
    const kept = a.partitions[0] as number;
    for (const topic of topics) await log.append(topic, spread(1, 2));
    await until(
      () => topics.map((topic) => a.offsets(topic, kept).length),
      (counts) => counts.every((count) => count >= 2),
    );
    for (const topic of topics) expect(a.offsets(topic, kept)).toEqual([0, 1]);
    await Promise.all([a.member.leave(), b.member.leave()]);
    expect([...a.errors, ...b.errors]).toEqual([]);
  });

  it('revoke everything from a member that joins again, and want its seeks again', async () => {
    const log = setting.log();
    const topics = await twoTopics(log, 2);
    const seat = await Seat.take(log, freshName('group'), topics);
    for (const topic of topics) await log.append(topic, spread(0, 2));
    await until(
      () => topics.map((topic) => seat.values(topic).length),
      (counts) => counts.join() === '2,2',
    );
    seat.seeks = false;
    await seat.member.rejoin();
    await until(
      () => seat.events,
      (events) => events.at(-1)?.startsWith('+') === true && events.some((event) => event.startsWith('-')),
    );
    await until(
      () => seat.partitions,
      (owned) => owned.join() === '0,1',
    );
    const before = seat.batches.length;
    seat.member.seek(topics[0], 0, 1);
    for (const topic of topics) await log.append(topic, spread(1, 2));
    seat.member.seek(topics[1], 0, 1);
    await until(
      () => seat.offsets(topics[1], 0),
      (offsets) => offsets.join() === '0,1',
    );
    expect(seat.batches.slice(before).every((batch) => batch.partition === 0)).toBe(true);
    await seat.member.leave();
    expect(seat.errors).toEqual([]);
  });
};

const flow = (setting: Setting): void => {
  it('deliver from where was sought, and nothing from before', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'sought');
    await log.append(topic, numbered(50));
    const seat = await Seat.take(log, freshName('group'), [topic]);
    await until(
      () => seat.offsets(topic, 0).length,
      (count) => count >= 50,
    );
    const before = seat.batches.length;
    seat.member.seek(topic, 0, 20);
    await until(
      () => seat.batches.slice(before).flatMap((b) => b.records).length,
      (count) => count >= 30,
    );
    const again = seat.batches.slice(before).flatMap((batch) => batch.records.map((record) => record.offset));
    expect(again).toEqual(Array.from({ length: 30 }, (_, i) => i + 20));
    await seat.member.leave();
    expect(seat.errors).toEqual([]);
  });

  it('hold back a paused flow while others go on', async () => {
    const log = setting.log();
    const topics = await twoTopics(log, 1);
    const seat = await Seat.take(log, freshName('group'), topics);
    await until(
      () => seat.partitions.length,
      (count) => count === 1,
    );
    seat.member.pause(topics[0], 0);
    for (const topic of topics) await log.append(topic, numbered(3));
    await until(
      () => seat.values(topics[1]).length,
      (count) => count === 3,
    );
    await log.append(topics[1], numbered(3));
    await until(
      () => seat.values(topics[1]).length,
      (count) => count === 6,
    );
    expect(seat.values(topics[0])).toEqual([]);
    seat.member.resume(topics[0], 0);
    await until(
      () => seat.values(topics[0]),
      (values) => values.join() === 'v0,v1,v2',
    );
    await seat.member.leave();
    expect(seat.errors).toEqual([]);
  });

  it('report movement up to the stable end, and a recent heartbeat', async () => {
    const log = setting.log();
    const topic = await freshTopic(log, 'moved');
    const seat = await Seat.take(log, freshName('group'), [topic]);
    const transactor = await log.transactor(`${topic}.t`);
    await transactor.transact({ appends: [{ topic, records: numbered(2) }] });
    await until(
      () => seat.values(topic).length,
      (count) => count === 2,
    );
    if (setting.capabilities.abortedTransactions) await setting.under().leaveAborted?.(topic, 0);
    const [end] = await log.ends(topic);
    await until(
      () => seat.batches.at(-1)?.nextOffset,
      (position) => position === end,
    );
    expect(seat.values(topic)).toEqual(['v0', 'v1']);
    expect(seat.member.lastHeartbeatMs()).toBeGreaterThan(0);
    await Promise.all([seat.member.leave(), transactor.close()]);
    expect(seat.errors).toEqual([]);
  });
};

export const describeGroups = (setting: Setting): void => {
  describe('groups', () => {
    sharing(setting);
    flow(setting);
  });
};
