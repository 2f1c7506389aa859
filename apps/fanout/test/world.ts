// A log in memory, a clock by hand, and fan-out instances that come, go, sleep and die. Invariant: one seed, one run.
import { topicSpecs } from '#libs/contracts';
import {
  FaultyEventLog,
  MemoryEventLog,
  type Appended,
  type NewRecord,
  type Tail,
  type TailOptions,
} from '#libs/event-log';
import { SimulatedClock, turns } from '#libs/testing';
import { connectFanout, type ConnectedFanout, type FanoutLimits } from '../src/index.js';
import { collect, complaints, recordsOf, type Output } from './oracle.js';
import { PREFIX, TOPICS, Truth } from './truth.js';

export const PARTITIONS = 4;
export const DELIVERY_PARTITIONS = 3;

export interface Instance extends ConnectedFanout {
  readonly log: FaultyEventLog;
}

/** How long an instance waits for each batch of a topic, and for each write; milliseconds. */
export interface Slowness {
  readonly read: (topic: string) => number;
  readonly write: () => number;
  /** Of each append besides. */
  readonly append?: (topic: string) => number;
}

const PROMPT: Slowness = { read: () => 0, write: () => 0 };

/** What an instance sees of the log: its tails lag, each by itself. */
class LaggingLog extends FaultyEventLog {
  constructor(
    inner: MemoryEventLog,
    private readonly lag: (topic: string) => Promise<void>,
    private readonly appendLag: (topic: string) => Promise<void>,
  ) {
    super(inner);
  }

  override async append(topic: string, records: readonly NewRecord[]): Promise<readonly Appended[]> {
    await this.appendLag(topic);
    return super.append(topic, records);
  }

  override tail(options: TailOptions): Promise<Tail> {
    const onBatch: TailOptions['onBatch'] = async (batch) => {
      await this.lag(batch.topic);
      await options.onBatch(batch);
    };
    return super.tail({ ...options, onBatch });
  }
}

export class World {
  readonly clock = new SimulatedClock(1_700_000_000_000);
  readonly log: MemoryEventLog;
  readonly truth: Truth;
  readonly instances: Instance[] = [];
  readonly fatal: Error[] = [];
  readonly lines: string[] = [];

  private constructor(private readonly limits: Partial<FanoutLimits>) {
    this.log = new MemoryEventLog({ now: this.clock.now, controlRecords: true, batchRecords: 5 });
    this.truth = new Truth(this.log, this.clock.now);
  }

  static async open(limits: Partial<FanoutLimits> = {}): Promise<World> {
    const world = new World(limits);
    await world.log.createTopics(
      topicSpecs({ prefix: PREFIX, partitions: PARTITIONS, deliveryPartitions: DELIVERY_PARTITIONS }),
    );
    return world;
  }

  async start(slowness: Slowness = PROMPT): Promise<Instance> {
    const log = new LaggingLog(
      this.log,
      (topic) => this.#after(slowness.read(topic)),
      (topic) => this.#after(slowness.append?.(topic) ?? 0),
    );
    log.faults.beforeWrite = () => this.#after(slowness.write());
    const line = (message: string): void => void this.lines.push(message);
    const connected = await connectFanout({
      log,
      clock: this.clock,
      prefix: PREFIX,
      limits: this.limits,
      lines: { debug: line, info: line, warn: line, error: line },
      onFatal: (error) => this.fatal.push(error),
    });
    const instance = { ...connected, log };
    this.instances.push(instance);
    return instance;
  }

  /** The process is gone at once; the group notices. */
  async kill(instance: Instance): Promise<void> {
    this.#remove(instance);
    instance.log.faults.unreachable = true;
    await this.#passUntil(instance.abandon());
    await instance.member.leave();
  }

  /** Ends in the order of a proper stop. */
  async stop(instance: Instance): Promise<void> {
    this.#remove(instance);
    await this.#passUntil(instance.close());
  }

  async pass(spanMs: number): Promise<void> {
    await this.clock.runTo(this.clock.nowMs() + spanMs, () => turns(8));
  }

  /** Until nothing more is written or committed. */
  async rest(): Promise<void> {
    for (let quiet = 0, last = ''; quiet < 14;) {
      await this.pass(500);
      const now = await this.#fingerprint();
      quiet = now === last && !this.#isTrying() ? quiet + 1 : 0;
      last = now;
    }
  }

  async output(recipients: readonly string[] = []): Promise<Output> {
    return collect(this.log, recipients);
  }

  judge(output: Output): string[] {
    return [
      ...this.fatal.map((error) => `fatal: ${error.stack ?? error.message}`),
      ...complaints(this.truth, output, this.log, DELIVERY_PARTITIONS),
    ];
  }

  async rejected(): Promise<string[]> {
    const records = await Promise.all(
      Array.from({ length: PARTITIONS }, (_, partition) => recordsOf(this.log, TOPICS.rejected, partition)),
    );
    return records
      .flat()
      .map(({ headers }) => `${headers?.['topic']} ${headers?.['partition']} ${headers?.['offset']}`);
  }

  async #passUntil(ended: Promise<void>): Promise<void> {
    for (let done = false; !done;) {
      done = await Promise.race([ended.then(() => true), turns(2).then(() => false)]);
      if (!done) await this.pass(100);
    }
  }

  async #after(spanMs: number): Promise<void> {
    if (spanMs > 0) await new Promise<void>((resolve) => this.clock.wakeAt(this.clock.nowMs() + spanMs, resolve));
  }

  /** A recipient topic took nothing, and is tried again. */
  #isTrying(): boolean {
    return this.instances.some(({ fanout }) => [...fanout.recipients.followed()].some(({ isFailing }) => isFailing));
  }

  #remove(instance: Instance): void {
    this.instances.splice(this.instances.indexOf(instance), 1);
  }

  async #fingerprint(): Promise<string> {
    const topics = await this.log.listTopics();
    const ends = await Promise.all(topics.map((topic) => this.log.ends(topic)));
    const commits = [...(await this.log.committed(`${PREFIX}fanout`, TOPICS.changes)).values()];
    return JSON.stringify([ends, commits.map(({ offset, metadata }) => [offset, metadata]).sort()]);
  }
}
