// A broker that is killed while transactions are being ended: however its coordinator comes back, an heir finds every
// transaction whole, and goes on after the last one that was committed. Each writer counts, in two topics at once.
import { type TopicPartition, type Transactor } from '#libs/event-log';
import { describeLocalKafka, LocalCluster, until } from '#libs/testing';
import { KafkaEventLog } from '../index.js';

const WRITERS = 12;
const KILLS = process.env['SOAK'] === undefined ? 2 : 10;
const LIMIT_MS = process.env['SOAK'] === undefined ? 180_000 : 600_000;
const TOPICS = ['one', 'other'];

describeLocalKafka('transactions that a broker decided and did not end, on Kafka', () => {
  let cluster: LocalCluster;
  let log: KafkaEventLog;
  beforeAll(async () => {
    cluster = await LocalCluster.start();
    log = await KafkaEventLog.connect({ brokers: cluster.brokers, clientId: 'undecided' });
    await log.createTopics(
      TOPICS.map((name) => ({ name, partitions: WRITERS, cleanup: 'delete', timestamps: 'create' })),
    );
  }, LIMIT_MS);
  afterAll(async () => {
    await log.close();
    await cluster.close();
  });

  async function numbersIn(topic: string, partition: number): Promise<number[]> {
    const end = (await log.ends(topic))[partition] ?? 0;
    const numbers: number[] = [];
    for await (const { records } of log.read(topic, partition, 0, end))
      numbers.push(...records.map(({ value }) => Number(value)));
    return numbers;
  }

  /** As an owner of a partition does: fence, read what is there, go on after it; after any error from the fence again. */
  class Writer {
    committed = 0;
    takeOvers = 0;
    #stopped = false;
    readonly #running: Promise<void>;

    constructor(private readonly partition: number) {
      this.#running = this.#run();
    }

    async stop(): Promise<void> {
      this.#stopped = true;
      await this.#running;
    }

    async #run(): Promise<void> {
      while (!this.#stopped) {
        let transactor: Transactor | undefined;
        try {
          const writes = TOPICS.map((topic): TopicPartition => ({ topic, partition: this.partition }));
          transactor = await log.transactor(`writer-${this.partition}`, writes);
          this.takeOvers += 1;
          await this.#write(transactor, (await numbersIn('one', this.partition)).at(-1) ?? 0);
        } catch {
          // The broker is away: from the fence again.
        }
        await transactor?.close();
      }
    }

    async #write(transactor: Transactor, last: number): Promise<void> {
      for (let number = last + 1; !this.#stopped; number += 1) {
        const record = { key: 'k', value: String(number), partition: this.partition };
        await transactor.transact({ appends: TOPICS.map((topic) => ({ topic, records: [record] })) });
        this.committed = number;
      }
    }
  }

  it(
    'are whole for whoever comes next, and in both topics the same',
    async () => {
      const writers = Array.from({ length: WRITERS }, (_, partition) => new Writer(partition));
      const [node] = cluster.nodes;
      const all = (): number[] => writers.map(({ committed }) => committed);
      for (let kill = 0; kill < KILLS; kill += 1) {
        const before = all();
        await until(all, (now) => now.every((committed, writer) => committed > before[writer]! + 3), LIMIT_MS);
        await node!.kill();
        await node!.start();
      }
      const after = all();
      await until(all, (now) => now.every((committed, writer) => committed > after[writer]!), LIMIT_MS);
      await Promise.all(writers.map((writer) => writer.stop()));
      for (const [partition, { committed }] of writers.entries()) {
        const counted = Array.from({ length: committed }, (_, index) => index + 1);
        expect(await numbersIn('one', partition)).toEqual(counted);
        expect(await numbersIn('other', partition)).toEqual(counted);
      }
      const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
      process.stdout.write(
        `     ${KILLS} × kill -9 of a broker: ${sum(all())} transactions whole after ${sum(writers.map(({ takeOvers }) => takeOvers))} take-overs\n`,
      );
    },
    LIMIT_MS,
  );
});
