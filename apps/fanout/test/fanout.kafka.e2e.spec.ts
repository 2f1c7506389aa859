// The fan-out on a real broker: frames, two instances, and a recipient topic from its creation to its end, as an operator
// meets them. Poll until, never sleep.
import {
  decodeFrame,
  encodeChange,
  encodeMembership,
  encodeState,
  membershipKey,
  recipientTopic,
  recipientTopicSpec,
  topicNames,
  topicSpecs,
} from '#libs/contracts';
import { KafkaEventLog } from '#libs/event-log-kafka';
import type { View } from '#libs/presence';
import { WallClock } from '#libs/runtime';
import { describeKafka } from '#libs/testing';
import { connectFanout, type ConnectedFanout } from '../src/index.js';
import { recordsOf } from './oracle.js';

const PARTITIONS = 2;
const TIMEOUT_MS = 120_000;
const [ALICE, BOB] = ['@alice:hs', '@bob:hs'] as const;
const ONLINE: View = { presence: 'online', currentlyActive: true, lastActiveAtMs: Date.now() };
const AWAY: View = { presence: 'unavailable', currentlyActive: false, lastActiveAtMs: Date.now() };

describeKafka('the fan-out on Kafka', (kafka) => {
  const open: { close(): Promise<void> }[] = [];
  const fatal: Error[] = [];

  afterEach(async () => {
    for (const opened of open.splice(0).reverse()) await opened.close();
    expect(fatal.splice(0)).toEqual([]);
  });

  async function connect(): Promise<KafkaEventLog> {
    const log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'fanout-test' });
    open.push(log);
    return log;
  }

  async function start(prefix: string): Promise<ConnectedFanout> {
    const connected = await connectFanout({
      log: await connect(),
      clock: new WallClock(),
      prefix,
      onFatal: (error) => fatal.push(error),
    });
    open.push(connected);
    return connected;
  }

  async function tell(
    log: KafkaEventLog,
    prefix: string,
    stamp: { userId: string; version: number; view: View },
  ): Promise<void> {
    const { userId } = stamp;
    const [topics, atMs, partition] = [topicNames(prefix), Date.now(), log.partitionOf(stamp.userId, PARTITIONS)];
    const change = encodeChange({
      kind: 'changed',
      ...stamp,
      life: 0,
      atMs,
      before: AWAY,
      cause: { timer: 'idle' },
      applied: {},
    });
    const transactor = await log.transactor(`${prefix}test-${partition}`);
    await transactor.transact({
      appends: [
        { topic: topics.changes, records: [{ key: userId, value: change, partition }] },
        {
          topic: topics.states,
          records: [{ key: userId, value: encodeState({ ...stamp, life: 0, changedAtMs: atMs }), partition }],
        },
      ],
    });
    await transactor.close();
  }

  async function toldTo(log: KafkaEventLog, prefix: string, userId: string): Promise<string[]> {
    const records = await recordsOf(log, topicNames(prefix).deliveries, log.partitionOf(userId, PARTITIONS));
    const lines = records.flatMap(({ value }) => {
      const decoded = decodeFrame(Buffer.from(value as Uint8Array).toString());
      if (!decoded.ok) throw new Error(decoded.reason);
      return decoded.record.entries
        .filter(({ to }) => to.some((recipient) => recipient === userId))
        .map((entry) => `${entry.userId} ${entry.version}`);
    });
    return [...new Set(lines)].sort();
  }

  async function eventually(ask: () => Promise<unknown>, wanted: unknown, withinMs: number): Promise<void> {
    const until = Date.now() + withinMs;
    for (let got = await ask(); ; got = await ask()) {
      if (JSON.stringify(got) === JSON.stringify(wanted)) return;
      if (Date.now() > until) expect(got).toEqual(wanted);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  it(
    'tells changes and joins, over two instances and the end of one, and keeps a recipient topic',
    async () => {
      const prefix = kafka().prefix;
      const log = await connect();
      await log.createTopics(topicSpecs({ prefix, partitions: PARTITIONS, deliveryPartitions: PARTITIONS }));
      const topics = topicNames(prefix);
      const first = await start(prefix);
      for (const userId of [ALICE, BOB]) {
        const value = encodeMembership({ roomId: '!r:hs', userId, membership: 'join' });
        await log.append(topics.memberships, [{ key: membershipKey('!r:hs', userId), value }]);
      }
      await tell(log, prefix, { userId: ALICE, version: 1, view: ONLINE });
      await eventually(() => toldTo(log, prefix, BOB), [`${ALICE} 1`], 30_000);

      const name = recipientTopic(prefix, BOB);
      const held = async (): Promise<(string | null)[]> => {
        const records = await recordsOf(log, name, 0);
        return records.map(({ value, headers }) =>
          value === null
            ? null
            : `${headers?.['version']} ${String(JSON.parse(Buffer.from(value).toString()).content.presence)}`,
        );
      };
      await log.createTopics([recipientTopicSpec(name)]);
      await eventually(async () => (await held()).at(-1), '1 online', 10_000);

      await start(prefix);
      await eventually(() => Promise.resolve(first.member.assigned.size), 1, 30_000);
      await tell(log, prefix, { userId: ALICE, version: 2, view: AWAY });
      await tell(log, prefix, { userId: BOB, version: 1, view: ONLINE });
      await eventually(() => toldTo(log, prefix, ALICE), [`${ALICE} 1`, `${ALICE} 2`, `${BOB} 1`], 30_000);
      open.splice(open.indexOf(first), 1);
      await first.close();
      await tell(log, prefix, { userId: ALICE, version: 3, view: ONLINE });
      await eventually(async () => (await toldTo(log, prefix, BOB)).includes(`${ALICE} 3`), true, 30_000);
      await eventually(async () => (await held()).includes('3 online'), true, 10_000);

      await log.append(topics.memberships, [{ key: membershipKey('!r:hs', ALICE), value: null }]);
      await eventually(async () => (await held()).at(-1), null, 10_000);
    },
    TIMEOUT_MS,
  );
});
