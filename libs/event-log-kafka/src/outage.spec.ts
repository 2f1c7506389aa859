// Brokers that go away and come back, under everything that a process of ours has open: nothing acknowledged is lost,
// nothing is read twice or skipped, and nobody needs a restart.
import { type GroupMember, LogUnavailableError, type RecordBatch, type Tail, TransactionError } from '#libs/event-log';
import { describeLocalKafka, LocalCluster, until } from '#libs/testing';
import { KafkaEventLog } from './index.js';
import { Link } from './wire/link.js';

const START_LIMIT_MS = 180_000;
const PATIENCE_MS = 40_000;
/** Of the three brokers, one after the other. */
const KILLED = process.env['SOAK'] === undefined ? 1 : 3;

/** What a failed test leaves open would run on for ever. */
const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** Writes numbers one after the other for as long as it may, and remembers which were acknowledged. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly refused: unknown[] = [];
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(log: KafkaEventLog, topic: string) {
    this.#running = this.#run(log, topic);
    open.push(() => this.stop());
  }

  async #run(log: KafkaEventLog, topic: string): Promise<void> {
    for (let number = 0; !this.#stopped; number += 1) {
      const value = String(number);
      await log.append(topic, [{ key: value, value }]).then(
        () => this.acknowledged.push(value),
        (error: unknown) => this.refused.push(error),
      );
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }
}

/** Reads on, and checks that every batch begins where the last one ended. */
class Reader {
  readonly values: string[] = [];
  readonly faults: string[] = [];
  readonly #positions = new Map<string, number>();

  position(topic: string, partition: number): number {
    return this.#positions.get(`${topic}-${partition}`) ?? 0;
  }

  take({ topic, partition, records, nextOffset }: RecordBatch): void {
    const name = `${topic}-${partition}`;
    const position = this.#positions.get(name) ?? 0;
    const [first] = records;
    if (first !== undefined && first.offset < position)
      this.faults.push(`${name}: ${first.offset} again, after ${position}`);
    if (nextOffset < position) this.faults.push(`${name}: moved back to ${nextOffset}`);
    this.#positions.set(name, nextOffset);
    for (const { value } of records) this.values.push(String(value));
  }

  error(error: Error, fatal: boolean): void {
    if (fatal) this.faults.push(error.message);
  }
}

interface Everything {
  readonly log: KafkaEventLog;
  readonly topic: string;
  readonly tailed: Reader;
  readonly grouped: Reader;
  readonly tail: Tail;
  readonly member: GroupMember;
  readonly revoked: number[];
}

async function openEverything(cluster: LocalCluster, topic: string): Promise<Everything> {
  const log = await KafkaEventLog.connect({
    brokers: cluster.brokers,
    clientId: topic,
    appendTimeoutMs: 2_000,
    requestTimeoutMs: 3_000,
    transactionTimeoutMs: 4_000,
  });
  open.push(() => log.close());
  await log.createTopics([{ name: topic, partitions: 3, cleanup: 'delete', timestamps: 'append' }]);
  const tailed = new Reader();
  const grouped = new Reader();
  const tail = await log.tail({
    topics: new Map([[topic, 'start']]),
    onBatch: (batch) => tailed.take(batch),
    onError: (error, fatal) => tailed.error(error, fatal),
  });
  const revoked: number[] = [];
  const member = await log.join({
    group: topic,
    topics: [topic],
    onAssigned: (partitions) => {
      for (const partition of partitions) member.seek(topic, partition, grouped.position(topic, partition));
    },
    onRevoked: (partitions) => void revoked.push(...partitions),
    onBatch: (batch) => grouped.take(batch),
    onError: (error, fatal) => grouped.error(error, fatal),
  });
  await until(
    () => member.assigned.size,
    (size) => size === 3,
    PATIENCE_MS,
  );
  return { log, topic, tailed, grouped, tail, member, revoked };
}

/** Everything acknowledged arrives at both readers, in order and without repetition of what they were told to have passed. */
async function demandWhole({ tailed, grouped }: Everything, writer: Writer): Promise<void> {
  for (const reader of [tailed, grouped]) {
    await until(
      () => {
        const read = new Set(reader.values);
        return writer.acknowledged.filter((value) => !read.has(value)).slice(0, 5);
      },
      (missing) => missing.length === 0,
      PATIENCE_MS,
    );
    expect(new Set(reader.values).size).toBe(reader.values.length);
    expect(reader.faults).toEqual([]);
  }
}

describeLocalKafka('a broker that is away', () => {
  let cluster: LocalCluster;
  beforeAll(async () => {
    cluster = await LocalCluster.start();
  }, START_LIMIT_MS);
  afterAll(() => cluster.close());

  it('after kill -9: appends and transactions fail in words, and all goes on when it is back', async () => {
    const everything = await openEverything(cluster, 'killed');
    const { log, topic } = everything;
    const transactor = await log.transactor('killed.t');
    const writer = new Writer(log, topic);
    await until(
      () => writer.acknowledged.length,
      (count) => count > 50,
    );
    await cluster.nodes[0]?.kill();
    await until(
      () => writer.refused.length,
      (count) => count > 0,
    );
    expect(writer.refused[0]).toBeInstanceOf(LogUnavailableError);
    await expect(
      transactor.transact({ appends: [{ topic, records: [{ key: 'k', value: 'lost' }] }] }),
    ).rejects.toBeInstanceOf(TransactionError);
    await expect(log.ends(topic)).rejects.toBeInstanceOf(LogUnavailableError);
    const before = writer.acknowledged.length;
    await cluster.nodes[0]?.start();
    await until(
      () => writer.acknowledged.length,
      (count) => count > before + 50,
      PATIENCE_MS,
    );
    const heir = await log.transactor('killed.t');
    await heir.transact({ appends: [{ topic, records: [{ key: 'k', value: 'heir' }] }] });
    await until(() => everything.tailed.values.includes('heir'), Boolean, PATIENCE_MS);
    await writer.stop();
    await demandWhole(everything, writer);
  }, 150_000);

  it('frozen past every timeout and thawed: the same', async () => {
    const everything = await openEverything(cluster, 'frozen');
    const { log, topic } = everything;
    const writer = new Writer(log, topic);
    await until(
      () => writer.acknowledged.length,
      (count) => count > 50,
    );
    cluster.nodes[0]?.freeze();
    await until(
      () => writer.refused.length,
      (count) => count > 0,
      PATIENCE_MS,
    );
    const before = writer.acknowledged.length;
    cluster.nodes[0]?.thaw();
    await until(
      () => writer.acknowledged.length,
      (count) => count > before + 50,
      PATIENCE_MS,
    );
    await writer.stop();
    await demandWhole(everything, writer);
  }, 150_000);
});

describeLocalKafka('a broker that is away from many topics', () => {
  let cluster: LocalCluster;
  beforeAll(async () => {
    cluster = await LocalCluster.start();
  }, START_LIMIT_MS);
  afterAll(() => cluster.close());

  it('keeps in each what it acknowledged, once and in order, and looks all of them up together', async () => {
    const settings = { brokers: cluster.brokers, clientId: 'many', appendTimeoutMs: 4_000, requestTimeoutMs: 3_000 };
    const log = await KafkaEventLog.connect(settings);
    open.push(() => log.close());
    const topics = Array.from({ length: 150 }, (_, index) => `many.${index}`);
    await log.createTopics(
      topics.map((name) => ({ name, partitions: 1, cleanup: 'delete', timestamps: 'create' as const })),
    );
    const sent = jest.spyOn(Link.prototype, 'send');
    open.push(async () => sent.mockRestore());
    const writers = topics.map((topic) => new Writer(log, topic));
    const counts = (): number[] => writers.map(({ acknowledged }) => acknowledged.length);
    const allBeyond = (before: readonly number[]): Promise<unknown> =>
      until(counts, (now) => now.every((count, index) => count > before[index]! + 5), PATIENCE_MS);
    await allBeyond(counts().fill(0));
    await cluster.nodes[0]?.kill();
    await until(
      () => writers.every(({ refused }) => refused.length > 0),
      (refused) => refused,
      PATIENCE_MS,
    );
    await cluster.nodes[0]?.start();
    await allBeyond(counts());
    await Promise.all(writers.map((writer) => writer.stop()));
    for (const { refused } of writers) for (const error of refused) expect(error).toBeInstanceOf(LogUnavailableError);
    for (const [index, topic] of topics.entries()) {
      const read: string[] = [];
      const [end = 0] = await log.ends(topic);
      for await (const { records } of log.read(topic, 0, 0, end))
        read.push(...records.map(({ value }) => String(value)));
      const numbers = read.map(Number);
      expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      const there = new Set(read);
      expect(writers[index]!.acknowledged.filter((value) => !there.has(value))).toEqual([]);
    }
    const lookUps = sent.mock.calls.filter(([{ request }]) => request.apiName === 'Metadata').length;
    // One by one they would be hundreds.
    expect(lookUps).toBeLessThan(topics.length / 3);
  }, 150_000);
});

describeLocalKafka('one of three brokers lost', () => {
  let cluster: LocalCluster;
  beforeAll(async () => {
    cluster = await LocalCluster.start({ nodes: 3 });
  }, START_LIMIT_MS);
  afterAll(() => cluster.close());

  it('costs a moment, and it comes back', async () => {
    const everything = await openEverything(cluster, 'three');
    const { log, topic } = everything;
    const writer = new Writer(log, topic);
    await until(
      () => writer.acknowledged.length,
      (count) => count > 50,
      PATIENCE_MS,
    );
    for (const node of cluster.nodes.slice(0, KILLED)) {
      await node.kill();
      const before = writer.acknowledged.length;
      await until(
        () => writer.acknowledged.length,
        (count) => count > before + 50,
        PATIENCE_MS,
      );
      const transactor = await log.transactor(`three.t`);
      await transactor.transact({
        appends: [
          {
            topic,
            records: [0, 1, 2].map((partition) => ({ key: 'k', value: `t${node.plan.id}.${partition}`, partition })),
          },
        ],
      });
      await transactor.close();
      await node.start();
    }
    await writer.stop();
    await demandWhole(everything, writer);
    await until(
      () => everything.tailed.values.filter((value) => value.startsWith('t')).length,
      (count) => count === 3 * KILLED,
      PATIENCE_MS,
    );
  }, 240_000);
});
