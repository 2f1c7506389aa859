// Groups as only a real broker shows them: members that come, go, die, are thrown out or come back late, and positions that
// only their holder may commit. At no time do two members hold the same partition.
import { FencedError, type GroupMember, TopicMismatchError } from '#libs/event-log';
import { describeKafka, until } from '#libs/testing';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaEventLog } from '../index.js';
import { settingsFrom } from '../options.js';
import { Wire } from '../wire/wire.js';
import { MemberWire } from './member-wire.js';

const PARTITIONS = 8;
const SESSION_MS = 4_000;
const ALL = Array.from({ length: PARTITIONS }, (_, partition) => partition);

/** Who holds what, across all members of a test: an overlap is a fault. */
class Ledger {
  readonly owners = new Map<number, string>();
  readonly positions = new Map<number, number>();
  readonly values: string[] = [];
  readonly faults: string[] = [];
}

class Seat {
  member!: GroupMember;
  readonly fatal: Error[] = [];
  gains = 0;

  constructor(
    private readonly name: string,
    private readonly ledger: Ledger,
  ) {}

  async take(log: KafkaEventLog, group: string, topic: string): Promise<this> {
    const { ledger, name } = this;
    this.member = await log.join({
      group,
      topics: [topic],
      onAssigned: (partitions) => {
        this.gains += 1;
        for (const partition of partitions) {
          const owner = ledger.owners.get(partition);
          if (owner !== undefined) ledger.faults.push(`${partition} given to ${name} while ${owner} holds it`);
          ledger.owners.set(partition, name);
          this.member.seek(topic, partition, ledger.positions.get(partition) ?? 0);
        }
      },
      onRevoked: (partitions) => {
        for (const partition of partitions) if (ledger.owners.get(partition) === name) ledger.owners.delete(partition);
      },
      onBatch: ({ partition, records, nextOffset }) => {
        if (ledger.owners.get(partition) !== name)
          ledger.faults.push(`a batch of ${partition} for ${name}, who does not hold it`);
        ledger.positions.set(partition, nextOffset);
        for (const { value } of records) ledger.values.push(String(value));
      },
      onError: (error, fatal) => {
        if (fatal) this.fatal.push(error);
      },
    });
    return this;
  }

  get held(): number {
    return this.member.assigned.size;
  }
}

describeKafka('groups on Kafka', (kafka) => {
  const logs: KafkaEventLog[] = [];
  const connect = async (clientId: string): Promise<KafkaEventLog> => {
    const log = await KafkaEventLog.connect({
      brokers: kafka().brokers,
      clientId,
      sessionTimeoutMs: SESSION_MS,
      heartbeatIntervalMs: 150,
    });
    logs.push(log);
    return log;
  };
  afterEach(async () => {
    await Promise.all(logs.splice(0).map((log) => log.close()));
  });
  const freshTopic = async (log: KafkaEventLog, name: string): Promise<string> => {
    const topic = `${kafka().prefix}${name}`;
    await log.createTopics([{ name: topic, partitions: PARTITIONS, cleanup: 'delete', timestamps: 'append' }]);
    return topic;
  };

  it('grow from one to three and shrink to two under load: every record once, no partition with two owners', async () => {
    const ledger = new Ledger();
    const log = await connect('a');
    const topic = await freshTopic(log, 'load');
    const group = `${topic}.g`;
    let written = 0;
    const append = async (): Promise<void> => {
      await log.append(
        topic,
        ALL.map((partition) => ({ key: null, value: `${partition}.${written}`, partition })),
      );
      written += 1;
    };
    const a = await new Seat('a', ledger).take(log, group, topic);
    await until(
      async () => (await append(), a.held),
      (held) => held === PARTITIONS,
    );
    const b = await new Seat('b', ledger).take(await connect('b'), group, topic);
    const c = await new Seat('c', ledger).take(await connect('c'), group, topic);
    const loads = async (): Promise<number[]> => (await append(), [a.held, b.held, c.held].sort());
    await until(loads, (held) => held.join() === '2,3,3');
    await b.member.leave();
    await until(loads, (held) => held.join() === '0,4,4');
    await until(
      () => ledger.values.length,
      (count) => count >= written * PARTITIONS,
    );
    expect(ledger.faults).toEqual([]);
    expect(new Set(ledger.values).size).toBe(ledger.values.length);
    expect(ledger.values).toHaveLength(written * PARTITIONS);
    expect([a, b, c].flatMap(({ fatal }) => fatal)).toEqual([]);
  }, 60_000);

  it('give the partitions of a dead member to the living when its session ends, and know the dead one no more', async () => {
    const ledger = new Ledger();
    const log = await connect('living');
    const topic = await freshTopic(log, 'dies');
    const group = `${topic}.g`;
    const living = await new Seat('living', ledger).take(log, group, topic);
    await until(
      () => living.held,
      (held) => held === PARTITIONS,
    );
    const wire = new Wire(settingsFrom({ brokers: kafka().brokers, clientId: 'dying', sessionTimeoutMs: SESSION_MS }));
    const dying = new MemberWire({ wire, lane: 'dying', group, topics: [topic] });
    /** As a member does that is told between join and sync that the group has moved on: it joins again. */
    const join = async (): Promise<readonly number[]> => {
      try {
        return await dying.join([], PARTITIONS);
      } catch (error) {
        if ((error as { type?: string }).type !== 'REBALANCE_IN_PROGRESS') throw error;
        return join();
      }
    };
    // The living one gives up its half first; then the dying one joins once more, holds it, and is never heard of again.
    await join();
    await until(
      () => living.held,
      (held) => held === PARTITIONS / 2,
    );
    const held = await until(join, (partitions) => partitions.length === PARTITIONS / 2);
    const diedAtMs = performance.now();
    await until(
      () => living.held,
      (count) => count === PARTITIONS,
    );
    process.stdout.write(
      `a dead member's partitions were taken over after ${Math.round(performance.now() - diedAtMs)} ms of a session of ${SESSION_MS} ms\n`,
    );
    expect(held).toHaveLength(PARTITIONS / 2);
    await expect(dying.heartbeat()).rejects.toMatchObject({ type: 'UNKNOWN_MEMBER_ID' });
    expect(ledger.faults).toEqual([]);
    await wire.close();
  }, 60_000);

  it('revoke everything from a member that they threw out, which then joins again by itself', async () => {
    const ledger = new Ledger();
    const log = await connect('thrown-out');
    const topic = await freshTopic(log, 'thrown');
    const group = `${topic}.g`;
    const seat = await new Seat('thrown-out', ledger).take(log, group, topic);
    await until(
      () => seat.held,
      (held) => held === PARTITIONS,
    );
    const { memberId } = (seat.member as unknown as { credentials: { memberId: string } }).credentials;
    const wire = new Wire(settingsFrom({ brokers: kafka().brokers, clientId: 'bouncer' }));
    const link = await wire.link(await wire.coordinatorId(0, group), 'control');
    await link.ask((broker) => broker.leaveGroup({ groupId: group, memberId }));
    await until(
      () => seat.gains,
      (gains) => gains === 2,
    );
    expect(seat.held).toBe(PARTITIONS);
    expect(ledger.faults).toEqual([]);
    expect(seat.fatal).toEqual([]);
    await wire.close();
  });

  it('take positions only from whoever holds the partition', async () => {
    const ledger = new Ledger();
    const [log, stranger] = [await connect('holder'), await connect('stranger')];
    const topic = await freshTopic(log, 'commits');
    const group = `${topic}.g`;
    const seat = await new Seat('holder', ledger).take(log, group, topic);
    await until(
      () => seat.held,
      (held) => held === PARTITIONS,
    );
    await log.commit(group, [{ topic, partition: 3, offset: 7, metadata: 'vector' }]);
    await expect(stranger.commit(group, [{ topic, partition: 3, offset: 1 }])).rejects.toBeInstanceOf(FencedError);
    const other = await new Seat('other', ledger).take(stranger, group, topic);
    await until(
      () => other.held,
      (held) => held === PARTITIONS / 2,
    );
    const [given = 0] = other.member.assigned;
    await expect(log.commit(group, [{ topic, partition: given, offset: 9 }])).rejects.toBeInstanceOf(FencedError);
    await stranger.commit(group, [{ topic, partition: given, offset: 11 }]);
    const committed = await log.committed(group, topic);
    expect(committed.get(given)?.offset).toBe(11);
    if (given !== 3) expect(committed.get(3)).toEqual({ topic, partition: 3, offset: 7, metadata: 'vector' });
  });

  it('stop their members, saying so, when the number of partitions changes', async () => {
    const log = await connect('counting');
    const topic = await freshTopic(log, 'grows');
    const seat = await new Seat('counting', new Ledger()).take(log, `${topic}.g`, topic);
    await until(
      () => seat.held,
      (held) => held === PARTITIONS,
    );
    const admin = new Kafka({ brokers: [...kafka().brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createPartitions({ topicPartitions: [{ topic, count: PARTITIONS + 1 }] });
    await admin.disconnect();
    await until(
      () => seat.fatal.length,
      (count) => count > 0,
    );
    expect(seat.fatal[0]).toBeInstanceOf(TopicMismatchError);
    expect(seat.held).toBe(0);
  }, 40_000);
});
