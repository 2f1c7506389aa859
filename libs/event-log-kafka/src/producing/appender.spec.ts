// Appends to many topics at once, counted at the wire, and partitions that fail among many that do not: each alone.
import { LogUnavailableError, RecordTooLargeError, UnknownTopicError } from '#libs/event-log';
import { describeKafka, until } from '#libs/testing';
import { Kafka, logLevel } from 'kafkajs';
import { KafkaEventLog } from '../index.js';
import { Link, type WireRequest } from '../wire/link.js';
import { AppendCall, AppendQueue } from './append-queue.js';
import { BATCHES_A_REQUEST } from './appender.js';
import type { Produced } from '../wire/produce-request.js';

const TOPICS = 60;
const LIMIT_MS = 120_000;
const one = (value: string) => [{ key: 'k', value }];

/** The requests of one kind that were sent; of Produce the bytes say for which topics. */
function watched(kind: string): { readonly sent: WireRequest<unknown>[] } {
  const spy = jest.spyOn(Link.prototype, 'send');
  return {
    get sent() {
      return spy.mock.calls.map(([request]) => request).filter(({ request }) => request.apiName === kind);
    },
  };
}

const NOT_ENOUGH_REPLICAS = 19;

/** As if this topic had lost replicas: whatever the broker answered for it. */
function withoutReplicas(topic: string): void {
  const send = Link.prototype.send;
  jest.spyOn(Link.prototype, 'send').mockImplementation(async function <T>(this: Link, request: WireRequest<T>) {
    const answer = await send.call<Link, [WireRequest<T>], Promise<T>>(this, request);
    if (request.request.apiName !== 'Produce') return answer;
    const produced = answer as readonly Produced[];
    return produced.map((one) => (one.topic === topic ? { ...one, errorCode: NOT_ENOUGH_REPLICAS } : one));
  });
}

async function names({ request }: WireRequest<unknown>, topic: string): Promise<boolean> {
  return (await request.encode()).buf.includes(topic);
}

describeKafka('appends to many topics on Kafka', (kafka) => {
  let log: KafkaEventLog;
  const open: KafkaEventLog[] = [];
  const connect = async (): Promise<KafkaEventLog> => {
    const settings = { brokers: kafka().brokers, clientId: 'many-topics', appendTimeoutMs: 5_000 };
    const connected = await KafkaEventLog.connect(settings);
    open.push(connected);
    return connected;
  };
  beforeEach(async () => {
    log = await connect();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    for (const opened of open.splice(0)) await opened.close();
  });

  const create = async (word: string, count: number, partitions = 1): Promise<string[]> => {
    const topics = Array.from({ length: count }, (_, index) => `${kafka().prefix}${word}.${index}`);
    await log.createTopics(topics.map((name) => ({ name, partitions, cleanup: 'compact', timestamps: 'create' })));
    return topics;
  };

  it(
    'go together: as many requests as it takes, and looking all of them up is one',
    async () => {
      const topics = await create('together', TOPICS);
      const fresh = await connect();
      for (const round of [0, 1, 2]) {
        const [produced, lookedUp] = [watched('Produce'), watched('Metadata')];
        const appended = await Promise.all(topics.map((topic) => fresh.append(topic, one(String(round)))));
        expect(appended).toEqual(topics.map(() => [expect.objectContaining({ partition: 0, offset: round })]));
        // The first may have gone when the others came.
        expect(produced.sent.length).toBeLessThanOrEqual(2);
        expect(lookedUp.sent.length).toBeLessThanOrEqual(round === 0 ? 2 : 0);
        jest.restoreAllMocks();
      }
    },
    LIMIT_MS,
  );

  it(
    'are cut into requests that a busy broker answers in time, and all arrive in order',
    async () => {
      const partitions = BATCHES_A_REQUEST / 2 + 10;
      const topics = await create('wide', 2, partitions);
      const produced = watched('Produce');
      const rounds = [0, 1].map((round) =>
        topics.map((topic) =>
          log.append(
            topic,
            Array.from({ length: partitions }, (_, partition) => ({ key: 'k', value: String(round), partition })),
          ),
        ),
      );
      const offsets = (await Promise.all(rounds.flat())).map(
        (appended) => new Set(appended.map(({ offset }) => offset)),
      );
      expect(offsets).toEqual([0, 0, 1, 1].map((offset) => new Set([offset])));
      expect(produced.sent.length).toBeGreaterThanOrEqual(2);
      expect(produced.sent.length).toBeLessThanOrEqual(4);
    },
    LIMIT_MS,
  );

  it(
    'fail alone: one that is gone, one too large, and one that waits for replicas while the others go on',
    async () => {
      const [gone = '', lonely = '', ...fine] = await create('alone', 12);
      const tight = `${kafka().prefix}alone.tight`;
      const client = new Kafka({ brokers: [...kafka().brokers], clientId: 'odd-topics', logLevel: logLevel.NOTHING });
      const admin = client.admin();
      await admin.connect();
      const configEntries = [{ name: 'max.message.bytes', value: '200' }];
      await admin.createTopics({ topics: [{ topic: tight, numPartitions: 1, replicationFactor: 1, configEntries }] });
      await admin.disconnect();
      await Promise.all([gone, ...fine].map((topic) => log.append(topic, one('first'))));
      const another = await connect();
      await another.deleteTopic(gone);
      await until(
        () => another.describeTopic(tight),
        (description) => description !== undefined,
      );

      withoutReplicas(lonely);
      const produced = watched('Produce');
      let lonelyIsDecided = false;
      const waiting = log.append(lonely, one('never')).catch((error: unknown) => {
        lonelyIsDecided = true;
        return error;
      });
      const failing = [log.append(gone, one('lost')), log.append(tight, one('x'.repeat(300)))];
      const going = fine.map((topic) => log.append(topic, one('second')));
      const outcomes = await Promise.allSettled([...failing, ...going]);
      expect(outcomes.slice(0, 2)).toEqual([
        { status: 'rejected', reason: expect.any(UnknownTopicError) },
        { status: 'rejected', reason: expect.any(RecordTooLargeError) },
      ]);
      expect(outcomes.slice(2)).toEqual(
        fine.map(() => ({ status: 'fulfilled', value: [expect.objectContaining({ offset: 1 })] })),
      );
      // What waits is tried again by itself: others need not wait for the same moment.
      let without = 0;
      while (without === 0 && !lonelyIsDecided) {
        const before = produced.sent.length;
        await log.append(fine[0]!, one('on'));
        for (const request of produced.sent.slice(before)) if (!(await names(request, lonely))) without += 1;
      }
      expect(without).toBeGreaterThan(0);
      expect(lonelyIsDecided).toBe(false);
      expect(await waiting).toBeInstanceOf(LogUnavailableError);
    },
    LIMIT_MS,
  );
});

describe('the queue of appends', () => {
  it('lets nobody wait behind those who came later, however much these have', () => {
    const queue = new AppendQueue();
    const add = (topic: string) => queue.add(new AppendCall(topic, one('v'), Infinity), 1);
    const waiting = () => queue.waiting().map(({ topic }) => topic);
    for (const topic of ['a', 'b', 'c']) add(topic);
    const [a] = queue.waiting();
    queue.begin(a!);
    add('a');
    expect(waiting()).toEqual(['b', 'c']);
    queue.drop(a!);
    queue.end(a!);
    expect(waiting()).toEqual(['b', 'c', 'a']);
    queue.begin(a!);
    queue.drop(a!);
    queue.end(a!);
    expect(waiting()).toEqual(['b', 'c']);
  });
});
