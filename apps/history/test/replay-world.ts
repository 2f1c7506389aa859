// A log as a real aggregator leaves it, for everything that folds it again: users of all kinds, restarts, snapshots under way while
// people act, clocks that step back, poison. Invariant: a seed gives the same log every time; time passes only when told to.
import { Aggregator } from '#apps/aggregator';
import { topicNames, topicSpecs, type TopicNames } from '#libs/contracts';
import { MemoryEventLog, type EventLog, type LogRecord, type RecordBatch } from '#libs/event-log';
import { DEFAULT_POLICY, type Policy, type View } from '#libs/presence';
import { SimulatedClock, turns } from '#libs/testing';

export const START_MS = 1_800_000_000_000;
export const TOPICS: TopicNames = topicNames('presence.');
export const HOUR_MS = 3_600_000;

export interface ReplayWorldOptions {
  readonly seed: number;
  readonly users?: number;
  readonly partitions?: number;
  readonly policy?: Policy;
  readonly snapshotEveryMs?: number;
  /** Of both input topics; absent: as the contract has it. */
  readonly inputRetentionMs?: number;
  readonly withForget?: boolean;
  /** The clock never steps back. */
  readonly isSteady?: boolean;
  /** Absent: START_MS. */
  readonly startMs?: number;
  /** Absent: in memory. */
  readonly openLog?: (now: () => number) => Promise<EventLog>;
}

/** What an aggregator held of everybody at a moment. */
export interface Seen {
  readonly atMs: number;
  readonly views: ReadonlyMap<string, View | undefined>;
}

/** mulberry32, as everywhere: the same seed, the same numbers. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export class ReplayWorld {
  readonly clock: SimulatedClock;
  log: EventLog;
  readonly users: readonly string[];
  readonly partitions: number;
  readonly draw: () => number;
  policy: Policy;
  aggregator: Aggregator | undefined;

  constructor(readonly options: ReplayWorldOptions) {
    const { seed, users = 9, partitions = 2, policy = DEFAULT_POLICY, startMs = START_MS } = options;
    this.clock = new SimulatedClock(startMs);
    this.draw = seeded(seed);
    this.users = Array.from({ length: users }, (_, index) => `@user${index}:hs`);
    this.partitions = partitions;
    this.policy = policy;
    this.log = new MemoryEventLog({ now: this.clock.now, controlRecords: true, batchRecords: 7 });
  }

  async open(): Promise<void> {
    const { inputRetentionMs, openLog } = this.options;
    if (openLog !== undefined) this.log = await openLog(this.clock.now);
    const specs = topicSpecs({ prefix: 'presence.', partitions: this.partitions, deliveryPartitions: 1 });
    await this.log.createTopics(
      specs.map((spec) =>
        inputRetentionMs !== undefined && (spec.name === TOPICS.activity || spec.name === TOPICS.commands)
          ? { ...spec, retentionMs: inputRetentionMs }
          : spec,
      ),
    );
    await this.start();
  }

  async start(acceptLoss = false): Promise<void> {
    this.aggregator = new Aggregator({
      log: this.log,
      clock: this.clock,
      topics: TOPICS,
      prefix: 'presence.',
      policy: this.policy,
      acceptLoss,
      snapshots: { everyMs: this.options.snapshotEveryMs ?? HOUR_MS, sliceUsers: 1 },
      limits: { transactionInputs: 9, sliceInputs: 4, sweepInputs: 40, sweepMs: 60_000 },
    });
    await this.aggregator.start();
    await turns();
  }

  async stop(): Promise<void> {
    await this.aggregator?.stop();
    this.aggregator = undefined;
  }

  /** As `kill -9` leaves it. */
  async crash(): Promise<void> {
    await Promise.all((this.aggregator?.host.tasks ?? []).map((task) => task.abandon()));
    await this.stop();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.runTo(this.clock.nowMs() + ms, () => turns(6));
  }

  async append(topic: 'activity' | 'commands', userId: string, fields: object): Promise<void> {
    const value = JSON.stringify({ v: 1, user_id: userId, ...fields });
    await this.log.append(TOPICS[topic], [{ key: userId, value }]);
  }

  /** So many things happen, some at the same millisecond, some while the clock has stepped back, some while nobody folds. */
  async happen(count: number): Promise<void> {
    for (let step = 0; step < count; step += 1) {
      const gap = this.draw();
      if (gap > 0.75) await this.pass(Math.floor(this.draw() * 240_000));
      else if (gap > 0.4) await this.pass(Math.floor(this.draw() * 20_000));
      else if (gap > 0.3 && this.options.isSteady !== true)
        this.clock.setTo(this.clock.nowMs() - Math.floor(this.draw() * 400));
      await this.#act(this.users[Math.floor(this.draw() * this.users.length)]!);
      // Sometimes several lie in the log before any is taken.
      if (this.draw() > 0.3) await turns(6);
      const fate = this.draw();
      if (fate > 0.985) {
        await (fate > 0.992 ? this.crash() : this.stop());
        await this.start();
      }
    }
  }

  async #act(userId: string): Promise<void> {
    const { draw } = this;
    const pick = <T>(...options: readonly T[]): T => options[Math.floor(draw() * options.length)]!;
    const device = { device_id: pick('PHONE', 'LAPTOP') };
    const session = { ...device, session_id: pick('1', '2') };
    const kind = draw();
    if (kind < 0.3) {
      const claim = pick('auto', 'auto', 'online', 'unavailable', 'none');
      const lease = { lease_ms: pick(5_000, 60_000, 300_000, 900_000) };
      return this.append('activity', userId, { type: 'device.connected', ...session, claim, ...lease });
    }
    if (kind < 0.42) {
      return this.append('activity', userId, {
        type: 'device.disconnected',
        ...session,
        ago_ms: pick(0, 2_000, 40_000),
      });
    }
    if (kind < 0.65) {
      return this.append('activity', userId, {
        type: 'device.active',
        ...(draw() > 0.2 ? device : {}),
        ago_ms: pick(0, 0, 5_000),
      });
    }
    if (kind < 0.93) {
      const presence = pick('online', 'unavailable', 'offline', 'busy');
      const message = pick({}, { status_msg: 'at tea' }, { status_msg: 'says "applied":{} and "life":3' });
      return this.append('commands', userId, { type: 'presence.set', ...device, presence, ...message });
    }
    if (kind < 0.96) {
      return this.append('commands', userId, {
        type: 'presence.override',
        presence: pick('busy', 'offline', null, null),
      });
    }
    if (kind < 0.975 && this.options.withForget !== false)
      return this.append('commands', userId, { type: 'user.forget' });
    return this.append('activity', userId, { type: 'nonsense' });
  }

  /** What the live engine holds of everybody now. */
  see(): Seen {
    const atMs = this.clock.nowMs();
    const views = this.users.map((userId) => [userId, this.aggregator?.viewOf(userId, this.partitions, atMs)] as const);
    return { atMs, views: new Map(views) };
  }
}

/** All records of a partition as they are. */
export async function recordsOf(log: EventLog, topic: string, partition: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const batch of log.read(topic, partition, 0, (await log.ends(topic))[partition]!))
    records.push(...batch.records);
  return records;
}

/** The same log to a reader, with one partition of one topic as somebody left it who meddled. Offsets go on from 0. */
export async function meddled(
  log: EventLog,
  { topic, partition }: { readonly topic: string; readonly partition: number },
  meddle: (records: LogRecord[]) => LogRecord[],
): Promise<EventLog> {
  const records = meddle(await recordsOf(log, topic, partition)).map((record, offset) => ({ ...record, offset }));
  const isHere = (name: string, number: number): boolean => name === topic && number === partition;
  const replaced = (name: string, of: readonly number[], value: number): readonly number[] =>
    name === topic ? of.map((offset, number) => (number === partition ? value : offset)) : of;
  const read = async function* (from: number, to: number): AsyncGenerator<RecordBatch> {
    const within = records.filter(({ offset }) => offset >= from && offset < to);
    yield await Promise.resolve({ topic, partition, records: within, nextOffset: to });
  };
  return Object.assign(Object.create(log) as EventLog, {
    ends: async (name: string) => replaced(name, await log.ends(name), records.length),
    starts: async (name: string) => replaced(name, await log.starts(name), 0),
    offsetsAt: async (name: string, timeMs: number) => replaced(name, await log.offsetsAt(name, timeMs), 0),
    read: (name: string, number: number, from: number, to: number) =>
      isHere(name, number) ? read(from, to) : log.read(name, number, from, to),
    close: () => Promise.resolve(),
  });
}
