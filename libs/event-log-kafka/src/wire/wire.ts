// The cluster as this room sees it: where partitions and coordinators are, a link to each broker per purpose, and asking
// again until it answers or the time is up. Invariant: what is known is thrown away on any sign that it changed, so a
// broker that was away for minutes is found again without a restart.
import { LogUnavailableError, UnknownTopicError } from '#libs/event-log';
import type { Settings } from '../options.js';
import { errorOfCode, inPortWords, isOfTheConnection, isPassing, toldElsewhere, typeOf } from './faults.js';
import { type Address, kafkajsLogger, Link } from './link.js';
import { type ClusterMetadata, metadataRequest, type TopicMetadata } from './metadata-request.js';
import { TopicLookUps } from './topic-look-ups.js';

const FIRST_RETRY_MS = 20;
const RETRY_GROWTH = 1.6;
const LONGEST_RETRY_MS = 1_000;
const UNKNOWN_TOPIC = 3;

/** 0 = a consumer group, 1 = a transactional id. */
export type CoordinatorKind = 0 | 1;

export interface Patience {
  /** Said in errors. */
  readonly doing: string;
  readonly limitMs: number;
  readonly firstRetryMs?: number;
  readonly longestRetryMs?: number;
}

export interface LeaderOf {
  readonly topic: string;
  readonly partition: number;
  readonly lane: string;
}

export interface CoordinatorOf {
  readonly kind: CoordinatorKind;
  readonly id: string;
  readonly lane: string;
}

/** Said by the right coordinator only. */
const OF_THE_RIGHT_ONE = new Set([
  'CONCURRENT_TRANSACTIONS',
  'GROUP_LOAD_IN_PROGRESS',
  'REBALANCE_IN_PROGRESS',
  'UNKNOWN_MEMBER_ID',
  'ILLEGAL_GENERATION',
]);

const addressOf = (broker: string): Address => {
  const colon = broker.lastIndexOf(':');
  return { host: broker.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(broker.slice(colon + 1)) };
};

class NoBrokerError extends Error {
  override readonly name = 'NoBrokerError';
}

export class Wire {
  readonly #links = new Map<string, Promise<Link>>();
  readonly #coordinators = new Map<string, number>();
  readonly #topics = new Map<string, TopicMetadata>();
  readonly #lookUps = new TopicLookUps((names) => this.metadata(names));
  readonly #sleepers = new Set<() => void>();
  readonly #logger: unknown;
  #brokers = new Map<number, Address>();
  #controllerId = -1;
  #closed = false;
  #turn = 0;
  #answeredAt = performance.now();

  constructor(readonly settings: Settings) {
    this.#logger = kafkajsLogger(settings.logger);
  }

  get closed(): boolean {
    return this.#closed;
  }

  get brokerCount(): number {
    return this.#brokers.size;
  }

  /** A link to a broker, of its own for each lane. */
  link(nodeId: number, lane: string, requestTimeoutMs = this.settings.requestTimeoutMs): Promise<Link> {
    const address = this.#brokers.get(nodeId);
    if (address === undefined) return Promise.reject(new NoBrokerError(`broker ${nodeId} is not known`));
    return this.#open(`${lane}@${nodeId}`, address, requestTimeoutMs);
  }

  /** The broker that leads a partition. */
  async leader(topic: string, partition: number, lane: string): Promise<Link> {
    return this.link(await this.leaderId(topic, partition), lane);
  }

  async leaderId(topic: string, partition: number): Promise<number> {
    const { leaders } = await this.topic(topic);
    const leader = leaders[partition];
    if (leader === undefined) throw new UnknownTopicError(`${topic} has no partition ${partition}`);
    if (leader >= 0) return leader;
    this.forgetTopic(topic);
    throw errorOfCode(5);
  }

  async topic(name: string): Promise<TopicMetadata> {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const topic = await this.#lookUps.find(name);
    if (topic === undefined || topic.errorCode === UNKNOWN_TOPIC)
      throw new UnknownTopicError(`there is no topic ${name}`);
    if (topic.errorCode !== 0) throw errorOfCode(topic.errorCode);
    return topic;
  }

  /** Since the last answer of any broker. */
  get silentForMs(): number {
    return performance.now() - this.#answeredAt;
  }

  knownPartitions(topic: string): number | undefined {
    return this.#topics.get(topic)?.leaders.length;
  }

  /** Without asking anybody. */
  knownLeader(topic: string, partition: number): number | undefined {
    const leader = this.#topics.get(topic)?.leaders[partition];
    return leader === undefined || leader < 0 ? undefined : leader;
  }

  forgetTopic(name: string): void {
    this.#topics.delete(name);
  }

  /** Asks any broker; remembers brokers and topics. */
  async metadata(topics: readonly string[] | undefined): Promise<ClusterMetadata> {
    const link = await this.any();
    const metadata = await link.send(metadataRequest(topics));
    this.#brokers = new Map(metadata.brokers.map(({ nodeId, host, port }) => [nodeId, { host, port }]));
    this.#controllerId = metadata.controllerId;
    for (const topic of metadata.topics) if (topic.errorCode === 0) this.#topics.set(topic.name, topic);
    return metadata;
  }

  async controller(): Promise<Link> {
    await this.metadata([]);
    return this.link(this.#controllerId, 'control');
  }

  /** Every broker that is known now, on the control lane. */
  async everyBroker(): Promise<Link[]> {
    await this.metadata([]);
    return Promise.all([...this.#brokers.keys()].map((nodeId) => this.link(nodeId, 'control')));
  }

  async coordinatorId(kind: CoordinatorKind, id: string): Promise<number> {
    const key = `${kind}|${id}`;
    const known = this.#coordinators.get(key);
    if (known !== undefined) return known;
    const link = await this.any();
    const { coordinator } = await link.ask((broker) =>
      broker.findGroupCoordinator({ groupId: id, coordinatorType: kind }),
    );
    this.#brokers.set(coordinator.nodeId, { host: coordinator.host, port: coordinator.port });
    this.#coordinators.set(key, coordinator.nodeId);
    return coordinator.nodeId;
  }

  /** After an error the coordinator is looked for again, unless the error says that it is the right one. */
  forgetCoordinatorOn(error: unknown, kind: CoordinatorKind, id: string): void {
    if (!OF_THE_RIGHT_ONE.has(typeOf(error) ?? '')) this.#coordinators.delete(`${kind}|${id}`);
  }

  /** A link to whichever broker answers, those already connected first. */
  async any(): Promise<Link> {
    for (const [key, opening] of this.#links) {
      if (!key.startsWith('control@')) continue;
      const link = await opening.catch(toldElsewhere);
      if (link?.usable === true) return link;
    }
    const seeds = this.settings.brokers.map(addressOf);
    const candidates = [...this.#brokers.values(), ...seeds];
    this.#turn += 1;
    let last: unknown = new NoBrokerError('no brokers were given');
    for (let tried = 0; tried < candidates.length; tried += 1) {
      const address = candidates[(this.#turn + tried) % candidates.length];
      if (address === undefined) continue;
      try {
        return await this.#open(`control@${this.#nodeAt(address)}`, address, this.settings.requestTimeoutMs);
      } catch (error) {
        if (!isOfTheConnection(error)) throw error;
        last = error;
      }
    }
    throw last;
  }

  /** Does it again until it is done; an error that does not pass, or one that lasts, is thrown in the port's words. */
  async patiently<T>(
    { doing, limitMs, firstRetryMs = FIRST_RETRY_MS, longestRetryMs = LONGEST_RETRY_MS }: Patience,
    work: () => Promise<T>,
  ): Promise<T> {
    const until = performance.now() + limitMs;
    for (let delayMs = firstRetryMs; ; delayMs = Math.min(longestRetryMs, delayMs * RETRY_GROWTH)) {
      if (this.#closed) throw new LogUnavailableError(`${doing}: the log is closed`);
      try {
        return await work();
      } catch (error) {
        if (this.#closed || !isPassing(error) || performance.now() + delayMs > until) throw inPortWords(error, doing);
        await this.sleep(delayMs);
      }
    }
  }

  /** Ends early when the wire is closed. */
  sleep(delayMs: number): Promise<void> {
    if (this.#closed) return Promise.resolve();
    return new Promise((done) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#sleepers.delete(end);
        done();
      };
      const timer = setTimeout(end, delayMs);
      this.#sleepers.add(end);
    });
  }

  /** Asks the leader of a partition; after an error it is looked for again. */
  askLeader<T>(
    { topic, partition, lane, ...patience }: Patience & LeaderOf,
    work: (link: Link) => Promise<T>,
  ): Promise<T> {
    return this.patiently(patience, async () => {
      try {
        return await work(await this.leader(topic, partition, lane));
      } catch (error) {
        this.forgetTopic(topic);
        throw error;
      }
    });
  }

  /** Asks the coordinator of a group or a transactional id; after an error it is looked for again. */
  askCoordinator<T>(
    { kind, id, lane, ...patience }: Patience & CoordinatorOf,
    work: (link: Link) => Promise<T>,
  ): Promise<T> {
    return this.patiently(patience, async () => {
      try {
        return await work(await this.link(await this.coordinatorId(kind, id), lane));
      } catch (error) {
        this.forgetCoordinatorOn(error, kind, id);
        throw error;
      }
    });
  }

  /** Closes the links of a lane: whoever used it is gone. */
  async closeLane(lane: string): Promise<void> {
    const mine = [...this.#links].filter(([key]) => key.startsWith(`${lane}@`));
    for (const [key] of mine) this.#links.delete(key);
    await Promise.all(mine.map(async ([, opening]) => (await opening.catch(toldElsewhere))?.close()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const wake of [...this.#sleepers]) wake();
    const links = [...this.#links.values()];
    this.#links.clear();
    await Promise.all(links.map(async (opening) => (await opening.catch(toldElsewhere))?.close()));
  }

  /** Seeds that turn out to be a known broker share its link. */
  #nodeAt({ host, port }: Address): string {
    for (const [nodeId, address] of this.#brokers)
      if (address.host === host && address.port === port) return String(nodeId);
    return `${host}:${port}`;
  }

  async #open(key: string, address: Address, requestTimeoutMs: number): Promise<Link> {
    const known = this.#links.get(key);
    if (known !== undefined) {
      const link = await known;
      if (link.usable) return link;
      if (this.#links.get(key) === known) this.#links.delete(key);
      await link.close();
      return this.#open(key, address, requestTimeoutMs);
    }
    if (this.#closed) throw new NoBrokerError('the log is closed');
    const opening = Link.open({
      settings: this.settings,
      address,
      requestTimeoutMs,
      logger: this.#logger,
      onAnswer: () => {
        this.#answeredAt = performance.now();
      },
    });
    this.#links.set(key, opening);
    try {
      return await opening;
    } catch (error) {
      if (this.#links.get(key) === opening) this.#links.delete(key);
      throw error;
    }
  }
}
