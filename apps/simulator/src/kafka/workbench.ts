// A broker with Rollcall's topics on it, made as an operator makes them (`rollcall topics create`), and its own ceiling
// measured by Kafka's perf tools. Invariant: everything that was started is gone after `close`, whatever happened.
import { topicNames, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { KAFKA_VERSION } from '#libs/testing';
import type { Figure } from '../benchmarks/benchmark.js';
import { javaVersion, runJava } from '../processes/java.js';
import { MeasuredProcess } from '../processes/measured-process.js';
import { PROGRAMS } from '../processes/programs.js';
import { openBenchBroker, type BenchBroker } from './bench-broker.js';
import { openBenchLog } from './bench-log.module.js';

const HEAP_MB = 512;
const CREATE_TRIES = 3;
const CEILING_RECORDS = 500_000;
/** About what an input takes. */
const CEILING_BYTES = 110;

export interface WorkbenchOptions {
  readonly partitions: number;
  readonly deliveryPartitions?: number;
}

export interface Ceiling {
  readonly producedPerSecond: number;
  readonly consumedPerSecond: number;
}

export class Workbench {
  readonly #processes: MeasuredProcess[] = [];

  private constructor(
    readonly broker: BenchBroker,
    readonly log: EventLog,
    readonly prefix: string,
    private readonly options: WorkbenchOptions,
  ) {}

  static async open(options: WorkbenchOptions): Promise<Workbench> {
    const broker = await openBenchBroker();
    try {
      const log = await openBenchLog(broker.brokers);
      const bench = new Workbench(broker, log, `bench${process.pid}-${Date.now() % 100_000}.`, options);
      await bench.#createTopics();
      return bench;
    } catch (error) {
      await broker.close();
      throw error;
    }
  }

  get topics(): TopicNames {
    return topicNames(this.prefix);
  }

  /** What every one of our processes is started with. */
  get environment(): Record<string, string> {
    const { partitions, deliveryPartitions = partitions } = this.options;
    return {
      KAFKA_BROKERS: this.broker.brokers,
      TOPIC_PREFIX: this.prefix,
      PARTITIONS: String(partitions),
      DELIVERY_PARTITIONS: String(deliveryPartitions),
      LOG_LEVEL: 'warn',
    };
  }

  /** Ends with the workbench. */
  keep(started: MeasuredProcess): MeasuredProcess {
    this.#processes.push(started);
    return started;
  }

  /** Records a second of Kafka's own tools through a topic of as many partitions. */
  async ceiling(): Promise<Ceiling> {
    const topic = `${this.prefix}ceiling`;
    await this.log.createTopics([
      { name: topic, partitions: this.options.partitions, cleanup: 'delete', timestamps: 'append' },
    ]);
    const { brokers } = this.broker;
    const heap = { heapMb: HEAP_MB };
    const size = ['--num-records', String(CEILING_RECORDS), '--record-size', String(CEILING_BYTES)];
    const tuned = ['--producer-props', `bootstrap.servers=${brokers}`, 'acks=all', 'linger.ms=20', 'batch.size=131072'];
    const produced = await runJava(
      'ProducerPerformance',
      {
        ...heap,
        program: { kafka: 'org.apache.kafka.tools.ProducerPerformance' },
        arguments: ['--topic', topic, ...size, '--throughput', '-1', ...tuned],
      },
      new RegExp(`${CEILING_RECORDS} records sent, ([\\d.]+) records/sec`),
    );
    const consumed = await runJava(
      'ConsumerPerformance',
      {
        ...heap,
        program: { kafka: 'org.apache.kafka.tools.ConsumerPerformance' },
        arguments: ['--bootstrap-server', brokers, '--topic', topic, '--num-records', String(CEILING_RECORDS)],
      },
      /^\d{4}-[^\n]*, ([\d.]+)\n/m,
    );
    await this.log.deleteTopic(topic);
    return { producedPerSecond: Number(produced[1]), consumedPerSecond: Number(consumed[1]) };
  }

  /** The same as figures, with the share of it that a rate of ours is. */
  async ceilingFigures(ours?: { readonly of: 'produce' | 'consume'; readonly perSecond: number }): Promise<Figure[]> {
    const { producedPerSecond, consumedPerSecond } = await this.ceiling();
    const figures = [
      { name: 'ceiling of the broker, produce', value: producedPerSecond, unit: 'records/s' },
      { name: 'ceiling of the broker, consume', value: consumedPerSecond, unit: 'records/s' },
    ];
    if (ours === undefined) return figures;
    const share = ours.perSecond / (ours.of === 'produce' ? producedPerSecond : consumedPerSecond);
    return [...figures, { name: `share of the ${ours.of} ceiling`, value: share, unit: '' }];
  }

  get versions(): Readonly<Record<string, string>> {
    return { kafka: KAFKA_VERSION, java: javaVersion() };
  }

  async close(): Promise<void> {
    await Promise.all(this.#processes.map((started) => started.stop()));
    await this.log.close();
    await this.broker.close();
  }

  /** As an operator does; a broker that has just started may need a moment, and the command can be given again. */
  async #createTopics(): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#rollcall('topics', 'create');
      } catch (error) {
        if (tries === CREATE_TRIES) throw error;
      }
    }
  }

  async #rollcall(...words: readonly string[]): Promise<void> {
    const command = MeasuredProcess.start('rollcall', {
      command: process.execPath,
      arguments: [PROGRAMS.rollcall, ...words],
      environment: this.environment,
    });
    const code = await command.ended();
    if (code !== 0) throw new Error(`rollcall ${words.join(' ')} ended with exit code ${code ?? 'none'}`);
  }
}
