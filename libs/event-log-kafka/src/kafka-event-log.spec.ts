// The contract suite on a real broker. What only Kafka has is tested beside the part that does it.
import { describeEventLog } from '#libs/event-log';
import { describeKafka } from '#libs/testing';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaEventLog } from './kafka-event-log.js';

const SESSION_MS = 3_000;

describeKafka('Kafka', (kafka) => {
  const open = async () => {
    const settings = { brokers: kafka().brokers, sessionTimeoutMs: SESSION_MS, heartbeatIntervalMs: 200 };
    const log = await KafkaEventLog.connect({ ...settings, clientId: 'contract' });
    const second = await KafkaEventLog.connect({ ...settings, clientId: 'contract-second' });
    const client = new Kafka({
      brokers: [...kafka().brokers],
      clientId: 'contract-foreign',
      logLevel: logLevel.NOTHING,
    });
    return {
      log,
      second,
      leaveAborted: async (topic: string, partition: number) => {
        const producer = client.producer({
          transactionalId: `${kafka().prefix}aborting`,
          maxInFlightRequests: 1,
          idempotent: true,
        });
        await producer.connect();
        const transaction = await producer.transaction();
        await transaction.send({ topic, messages: [{ partition, key: 'aborted', value: 'never seen' }] });
        await transaction.abort();
        await producer.disconnect();
        while ((await log.openTransactions([topic])).length > 0) await new Promise((done) => setTimeout(done, 5));
      },
      close: async () => {
        await Promise.all([log.close(), second.close()]);
      },
    };
  };
  describeEventLog('on Kafka', open, { housekeeping: false, steppedTime: false, abortedTransactions: true });
});
