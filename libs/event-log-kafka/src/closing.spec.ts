// What `close` leaves running: nothing. And what connects where nobody is says so in words, in time.
import { LogUnavailableError, TopicMismatchError } from '#libs/event-log';
import { describeKafka, until } from '#libs/testing';
import { KafkaEventLog } from './index.js';

const running = (): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return { sockets: counts['TCPSocketWrap'] ?? 0, timers: counts['Timeout'] ?? 0 };
};

describeKafka('closing a log on Kafka', (kafka) => {
  it('ends every connection and timer, whatever was open', async () => {
    const before = running();
    const log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'closing' });
    const topic = `${kafka().prefix}closing`;
    await log.createTopics([{ name: topic, partitions: 4, cleanup: 'delete', timestamps: 'append' }]);
    const nothing = { onError: () => undefined, onBatch: () => undefined };
    await log.tail({ ...nothing, topics: new Map([[topic, 'start']]) });
    const member = await log.join({
      ...nothing,
      group: topic,
      topics: [topic],
      onAssigned: () => undefined,
      onRevoked: () => undefined,
    });
    await until(
      () => member.assigned.size,
      (size) => size === 4,
    );
    const transactor = await log.transactor(`${topic}.t`);
    await transactor.transact({ appends: [{ topic, records: [{ key: 'k', value: 'v' }] }] });
    await log.append(topic, [{ key: 'k', value: 'v' }]);
    const [end = 0] = await log.ends(topic);
    for await (const { nextOffset } of log.read(topic, 0, 0, end)) expect(nextOffset).toBeGreaterThan(0);
    await log.close();
    await until(
      running,
      ({ sockets = 0, timers = 0 }) => sockets <= (before['sockets'] ?? 0) && timers <= (before['timers'] ?? 0) + 1,
    );
    await expect(log.append(topic, [{ key: 'k', value: 'late' }])).rejects.toBeInstanceOf(LogUnavailableError);
    await expect(log.ends(topic)).rejects.toBeInstanceOf(LogUnavailableError);
  });

  it('refuses names that no broker takes', async () => {
    const log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'names' });
    const creating = log.createTopics([{ name: 'no/topic', partitions: 1, cleanup: 'delete', timestamps: 'append' }]);
    await expect(creating).rejects.toBeInstanceOf(TopicMismatchError);
    expect(await log.describeTopic('no/topic')).toBeUndefined();
    await log.close();
  });
});

describe('connecting to where no broker is', () => {
  it('fails in words, naming the address', async () => {
    const connecting = KafkaEventLog.connect({ brokers: ['127.0.0.1:1'], clientId: 'nobody', requestTimeoutMs: 300 });
    await expect(connecting).rejects.toThrow(/127\.0\.0\.1:1/);
    await expect(connecting).rejects.toBeInstanceOf(LogUnavailableError);
  });
});
