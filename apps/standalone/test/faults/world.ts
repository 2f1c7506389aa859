// A place for faults: topics under a prefix on a cluster, the services on them as processes of their own, a load, and the
// oracle. Invariant: what the services are told is their environment and the log, nothing else; the oracle reads only the log.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { recipientTopic, recipientTopicSpec, topicNames, topicSpecs, type TopicNames } from '#libs/contracts';
import { LogUnavailableError } from '#libs/event-log';
import { KafkaEventLog } from '#libs/event-log-kafka';
import type { Policy } from '#libs/presence';
import { Draw } from '#libs/testing';
import { freshFolder, Program, until, type ProgramName } from '../program.js';
import { judgeDeliveries, type DeliveryVerdict } from './delivery-oracle.js';
import { judgeHistory, type HistoryVerdict } from './history-oracle.js';
import { Load } from './load.js';
import { LogCopy } from './log-copy.js';
import { pictureFaults } from './pictures.js';
import { Rooms } from './rooms.js';
import { tokenOf, Visitors } from './visitors.js';

/** Short, so that timers fire all the time; the longest is over a few seconds after the last input. */
export const POLICY: Policy = {
  idleAfterMs: 2_500,
  activeForMs: 900,
  offlineAfterMs: 700,
  busyOfflineAfterMs: 2_000,
  maxLeaseMs: 4_000,
};
const PARTITIONS = 4;
export const isSoak = process.env['SOAK'] === '1';

export interface WorldOptions {
  readonly brokers: readonly string[];
  readonly prefix: string;
  readonly seed: number;
  readonly users?: number;
  /** Of the users, those who use gateways. */
  readonly visitors?: number;
  /** Of these, those who follow the stream. */
  readonly streams?: number;
  /** Visitors are there all the time: they do not hide, and the load leaves them alone. */
  readonly steady?: boolean;
  readonly perSecond?: number;
  readonly partitions?: number;
  readonly policy?: Policy;
}

export class World {
  readonly topics: TopicNames;
  readonly partitions: number;
  readonly policy: Policy;
  readonly users: readonly string[];
  readonly load: Load;
  readonly rooms: Rooms;
  readonly visitors: Visitors;
  readonly copy: LogCopy;
  readonly draw: Draw;
  /** Users with a topic of their own. */
  readonly recipients: string[] = [];
  readonly #gateways = new Map<Program, string>();
  readonly #programs: [ProgramName, Program][] = [];
  readonly environment: Readonly<Record<string, string>>;

  private constructor(
    readonly log: KafkaEventLog,
    readonly options: WorldOptions,
  ) {
    const { brokers, prefix, seed, users = 60, visitors = 0, streams = 0, steady = false, perSecond = 400 } = options;
    this.topics = topicNames(prefix);
    this.partitions = partitionsOf(options);
    this.policy = options.policy ?? POLICY;
    this.users = Array.from({ length: users }, (_, index) => `@user${index}:hs`);
    const loaded = steady ? this.users.slice(visitors) : this.users;
    this.load = new Load({ log, topics: this.topics, users: loaded, seed, perSecond });
    this.rooms = new Rooms(log, this.topics, this.users, seed);
    const visiting = this.users.slice(0, visitors);
    this.visitors = new Visitors({ users: visiting, urls: () => this.#gatewaysAlive(), seed, streams, steady });
    this.copy = new LogCopy(log);
    this.draw = new Draw(seed);
    this.environment = {
      KAFKA_BROKERS: brokers.join(','),
      TOPIC_PREFIX: prefix,
      PARTITIONS: String(this.partitions),
      DELIVERY_PARTITIONS: String(this.partitions),
      IDLE_AFTER_MS: String(this.policy.idleAfterMs),
      ACTIVE_FOR_MS: String(this.policy.activeForMs),
      OFFLINE_AFTER_MS: String(this.policy.offlineAfterMs),
      BUSY_OFFLINE_AFTER_MS: String(this.policy.busyOfflineAfterMs),
      MAX_LEASE_MS: String(this.policy.maxLeaseMs),
      BUSY_NAME: 'stable',
      PUT_PER_SECOND: '1000',
      PUT_BURST: '1000',
      STATIC_TOKENS_FILE: tokensFile(visiting),
    };
  }

  /** With its topics. */
  static async open(options: WorldOptions): Promise<World> {
    const log = await KafkaEventLog.connect({ brokers: options.brokers, clientId: 'rollcall-faults' });
    const { prefix } = options;
    const partitions = partitionsOf(options);
    await log.createTopics(topicSpecs({ prefix, partitions, deliveryPartitions: partitions }));
    return new World(log, options);
  }

  async close(): Promise<void> {
    await Promise.all([this.load.stop(), this.rooms.stop(), this.visitors.stop()]);
    await this.log.close();
  }

  /** A new process, once it serves. */
  async start(name: ProgramName, ...args: string[]): Promise<Program> {
    const program = Program.start(name, this.environment, ...args);
    this.#programs.push([name, program]);
    const url = await program.servingUrl();
    if (name === 'gateway') this.#gateways.set(program, url);
    return program;
  }

  /** A new process, once it is ready: only then does a load balancer send anybody to it. */
  async startReady(name: ProgramName): Promise<Program> {
    const program = Program.start(name, this.environment);
    this.#programs.push([name, program]);
    try {
      const url = await program.readyUrl();
      if (name === 'gateway') this.#gateways.set(program, url);
      return program;
    } catch (error) {
      throw this.#failure([`${name}: ${(error as Error).message}`]);
    }
  }

  urlOf(gateway: Program): string {
    return this.#gateways.get(gateway) ?? '';
  }

  #gatewaysAlive(): string[] {
    return [...this.#gateways].flatMap(([program, url]) => (program.hasEnded ? [] : [url]));
  }

  /** Topics for some recipients. */
  async subscribe(...users: readonly string[]): Promise<void> {
    this.recipients.push(...users);
    const { prefix } = this.options;
    await this.log.createTopics(users.map((userId) => recipientTopicSpec(recipientTopic(prefix, userId))));
  }

  /** SIGSTOP while one of its transactions is open: a transaction that outlasts a moment is the frozen one's. */
  async freezeInTransaction(victim: Program): Promise<void> {
    await until('a transaction to be under way', async () => {
      victim.signal('SIGSTOP');
      if (await this.isOpen(this.topics.states, 120)) return true;
      victim.signal('SIGCONT');
      await pause(this.draw.below(40));
      return undefined;
    });
  }

  async killInTransaction(victim: Program): Promise<void> {
    await this.freezeInTransaction(victim);
    await victim.kill('SIGKILL');
  }

  /** Whether a transaction on a topic stays open for so long. */
  async isOpen(topic: string, spanMs: number): Promise<boolean> {
    const before = await this.log.openTransactions([topic]);
    if (before.length === 0) return false;
    await pause(spanMs);
    const after = await this.log.openTransactions([topic]);
    return after.some(({ partition, stableEnd }) =>
      before.some((one) => one.partition === partition && one.stableEnd === stableEnd),
    );
  }

  /** Milliseconds until every partition has committed something newer than all that is written now; needs a load. */
  async servedAgain(): Promise<number> {
    const startedMs = performance.now();
    const written = await until('the log to answer', () => this.#written().catch(unavailable));
    await until('every partition to be served again', async () => {
      const ends = await this.log.ends(this.topics.states).catch(unavailable);
      return ends?.every((end, partition) => end > written[partition]!) === true ? true : undefined;
    });
    return performance.now() - startedMs;
  }

  /** Where the states end, open transactions included. */
  async #written(): Promise<readonly number[]> {
    const written = [...(await this.log.ends(this.topics.states))];
    for (const { partition, highWatermark } of await this.log.openTransactions([this.topics.states]))
      written[partition] = highWatermark;
    return written;
  }

  /** Stops the load and waits until the history is what the inputs make; throws what is still wrong when it never is. */
  async judge(patienceMs = 30_000): Promise<HistoryVerdict> {
    await this.load.stop();
    const givenUpMs = performance.now() + patienceMs;
    for (;;) {
      const { activity, commands, changes, states, rejected } = this.topics;
      // The outputs before the inputs: what follows from an input that is seen later would look made of nothing.
      await this.copy.follow([changes, states, rejected]);
      await this.copy.follow([activity, commands]);
      const verdict = judgeHistory((topic) => this.copy.of(topic), this.topics, this.policy);
      const faults = [...this.#missing(), ...verdict.faults];
      if (faults.length === 0) return verdict;
      if (performance.now() > givenUpMs) throw this.#failure(faults);
      await pause(300);
    }
  }

  /** Waits until everybody interested was told the last of everybody, after `judge`; throws what is wrong, or never comes. */
  async judgeDeliveries(patienceMs = 30_000): Promise<DeliveryVerdict> {
    await this.rooms.stop();
    const givenUpMs = performance.now() + patienceMs;
    for (;;) {
      const verdict = await this.#deliveries();
      const pictures = pictureFaults(this.visitors.pictures(), (topic) => this.copy.of(topic), this.topics);
      const faults = [...verdict.wrong, ...verdict.missing, ...pictures];
      if (faults.length === 0) return verdict;
      if (verdict.wrong.length > 0 || performance.now() > givenUpMs) throw this.#failure(faults);
      await pause(200);
    }
  }

  /** With the journals of all processes and the log as far as it was judged, for whoever looks for the reason. */
  #failure(faults: readonly string[]): Error {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-faults-'));
    for (const [index, [name, { stderr }]] of this.#programs.entries())
      writeFileSync(join(folder, `${index}-${name}.log`), stderr);
    for (const topic of Object.values(this.topics)) {
      const records = this.copy.of(topic).flatMap((its, partition) => its.map((one) => ({ partition, ...one })));
      if (records.length > 0)
        writeFileSync(join(folder, `${topic}.ndjson`), records.map((one) => `${JSON.stringify(one)}\n`).join(''));
    }
    const { seed } = this.options;
    const first = faults.slice(0, 5).join('\n');
    return new Error(`${faults.length} faults, seed ${seed}, journals and log in ${folder}:\n${first}`);
  }

  async #deliveries(): Promise<DeliveryVerdict> {
    const { topics, copy, users, recipients, log, options } = this;
    const own = new Map(recipients.map((userId) => [userId, recipientTopic(options.prefix, userId)]));
    // What was delivered before what it was made of, which so holds all of it.
    await copy.follow([topics.deliveries, ...own.values()]);
    await copy.follow([topics.changes, topics.memberships, topics.rooms]);
    return judgeDeliveries({
      records: (topic) => copy.of(topic),
      topics,
      users,
      recipients: new Map([...own].map(([userId, topic]) => [userId, copy.of(topic).flat()])),
      partitionOf: (userId) => log.partitionOf(userId, this.partitions),
    });
  }

  /** Acknowledged means there, under the offset told; of a PUT, among the commands. */
  #missing(): string[] {
    const places = new Map<string, ReadonlyMap<number, string | null>>(
      [this.topics.activity, this.topics.commands].flatMap((topic) =>
        this.copy
          .of(topic)
          .map((records, partition): [string, ReadonlyMap<number, string | null>] => [
            `${topic}-${partition}`,
            new Map(records.map(({ offset, value }) => [offset, value])),
          ]),
      ),
    );
    const commands = new Set(
      this.copy.of(this.topics.commands).flatMap((records) => records.map(({ key, value }) => putOf(key, value))),
    );
    const puts = this.visitors.acknowledged
      .filter(({ userId, message }) => !commands.has(`${userId} ${message}`))
      .map(({ userId, message }) => `the PUT "${message}" of ${userId} was answered 200, and is no command`);
    const appends = this.load.acknowledged.flatMap(({ topic, partition, offset, value }) => {
      const stands = places.get(`${topic}-${partition}`)?.get(offset);
      if (stands === value) return [];
      return [`${topic}-${partition} offset ${offset} was acknowledged, and holds ${String(stands)}`];
    });
    return [...puts, ...appends];
  }
}

const partitionsOf = ({ partitions = PARTITIONS }: WorldOptions): number => partitions;

function putOf(key: string | null, value: string | null): string {
  const message = /"status_msg":"([^"]*)"/.exec(String(value))?.[1];
  return `${String(key)} ${String(message)}`;
}

function tokensFile(users: readonly string[]): string {
  const file = join(freshFolder(), 'tokens.json');
  const tokens = users.map((userId) => [tokenOf(userId), { user_id: userId, device_id: 'D' }] as const);
  writeFileSync(file, JSON.stringify(Object.fromEntries(tokens)));
  return file;
}

/** Lines of a process's journal that tell of something wrong. */
export function complaintsOf(program: Program): readonly string[] {
  return program.stderr.split('\n').filter((line) => /"level":"(?:warn|error)"/.test(line));
}

/** While brokers are away. */
function unavailable(error: unknown): undefined {
  if (error instanceof LogUnavailableError) return undefined;
  throw error;
}

export const pause = (spanMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, spanMs));

export function tell(figures: string): void {
  process.stdout.write(`     ${figures}\n`);
}

export function figuresOf(verdict: HistoryVerdict): string {
  const { inputs, users, changes, timers, rejected, reordered, late, faults } = verdict;
  return `${inputs} inputs of ${users} users (${rejected} rejected) → ${changes} changes, ${timers} of them timers; ${faults.length} faults, ${reordered} orders not by time, ${late} timers before an earlier input`;
}

export function deliveryFigures(verdict: DeliveryVerdict): string {
  const { frames, tellings, repeated, pairs, recipientTopics } = verdict;
  return `${frames} frames, ${tellings} tellings (${repeated} of them repeated), ${pairs} pairs and ${recipientTopics} recipient topics right in the end`;
}

/** The seed of a suite: SEED, or one by the clock; printed by whoever uses it. */
export const seedOf = (): number => Number(process.env['SEED'] ?? Date.now() % 1_000_000);
