// The gateway without HTTP and without Nest: views, deliveries, sessions and writers, composed over one log. Invariant: it is
// ready when every view has been read to where it ended at the start; from then on it answers from what it has.
import { topicNames } from '#libs/contracts';
import type { RecordBatch } from '#libs/event-log';
import { Interner } from '#libs/interest';
import { MembershipsView, StatesView } from '#libs/views';
import { Deliveries } from './delivery/deliveries.js';
import { Everyone } from './delivery/everyone.js';
import { PresenceNews } from './delivery/presence-news.js';
import { SnapshotMemory } from './delivery/snapshot-memory.js';
import { tracedNews } from './delivery/traced-news.js';
import { DEFAULT_BOUNDS, type GatewayBounds, type GatewayOptions } from './gateway-options.js';
import { InputWriter } from './input-writer.js';
import { Tracing, type PartPosition, type TailStart } from '#libs/runtime';
import { gatewayMeters, type GatewayMeters } from './meters.js';
import { Overrides } from './overrides.js';
import { CellRateLimit } from './rate-limit.js';
import { Sessions } from './sessions/sessions.js';
import { spread } from './sessions/session.js';
import { Visibility } from './visibility.js';
import { Waiting } from './waiting.js';

/** One reader of the log: its topics, and where each begins, asked once. */
export interface GatewayTail {
  readonly name: string;
  readonly topics: readonly string[];
  readonly startAt: () => Promise<TailStart>;
}

/** A log that is read answers several times a second. */
const LOG_AWAY_MS = 1_500;

type Ends = Record<'states' | 'memberships' | 'rooms' | 'deliveries', readonly number[]>;

export class Gateway {
  readonly bounds: GatewayBounds;
  readonly topics: ReturnType<typeof topicNames>;
  readonly states: StatesView;
  readonly memberships: MembershipsView;
  readonly deliveries: Deliveries;
  readonly everyone: Everyone;
  readonly writer: InputWriter;
  readonly visibility: Visibility;
  readonly sessions: Sessions;
  readonly puts: CellRateLimit;
  readonly waiting: Waiting;
  readonly overrides: Overrides;
  readonly meters: GatewayMeters;
  readonly tracing: Tracing;
  #news: PresenceNews | undefined;
  /** Where the topics ended when reading them began. */
  readonly #expected: Partial<Ends> = {};
  #ready = false;

  constructor(readonly options: GatewayOptions) {
    const { log, clock, journal, topics, policy } = options;
    this.bounds = { ...DEFAULT_BOUNDS, ...options.bounds };
    this.topics = topicNames(topics.prefix);
    this.meters = gatewayMeters(options.metrics);
    this.tracing = options.tracing ?? Tracing.passing(clock);
    const users = new Interner();
    this.everyone = new Everyone({ clock, states: () => this.states, busyName: options.busyName, maxWaiting: 200_000 });
    this.states = new StatesView({
      partitions: topics.partitions,
      users,
      onMoved: (userId) => {
        this.everyone.moved(userId);
      },
    });
    this.memberships = new MembershipsView({
      topics: { memberships: this.topics.memberships, rooms: this.topics.rooms },
      partitions: { memberships: topics.partitions, rooms: topics.partitions },
      maxRoomMembers: options.maxRoomMembers,
      users,
    });
    this.deliveries = new Deliveries({
      log,
      clock,
      topic: this.topics.deliveries,
      partitions: topics.deliveryPartitions,
      bounds: this.bounds,
      users,
      raise: ({ row, news }) => {
        this.states.raiseRow(row, news);
      },
      isReached: (origin) => origin.within(this.memberships.positions.memberships, this.memberships.positions.rooms),
    });
    this.writer = new InputWriter({
      log,
      clock,
      activityTopic: this.topics.activity,
      commandsTopic: this.topics.commands,
      maxDurableMs: this.bounds.maxDurableMs,
    });
    this.visibility = new Visibility({
      clock,
      states: this.states,
      memberships: this.memberships,
      maxVisibleMs: this.bounds.maxVisibleMs,
      isLogAway: () => (log.silentForMs?.() ?? 0) > LOG_AWAY_MS,
    });
    this.puts = new CellRateLimit(options.putPerSecond, options.putBurst);
    this.sessions = new Sessions({
      clock,
      writer: this.writer,
      gatewayId: options.gatewayId,
      offlineAfterMs: policy.offlineAfterMs,
      maxLeaseMs: policy.maxLeaseMs,
      claims: new CellRateLimit(options.putPerSecond, options.putBurst),
      onTrouble: (error) => {
        journal.warn('a session could not be told to the log; it is tried again', { error });
      },
    });
    this.overrides = new Overrides(topics.partitions, clock, this.bounds.maxVisibleMs);
    this.waiting = new Waiting({
      clock,
      maxPerUser: this.bounds.maxWaitingPerUser,
      max: this.bounds.maxWaiting,
    });
    options.metrics.beforeExposition(() => {
      this.meters.waiting.set(this.waiting.size);
      this.meters.sessions.set(this.sessions.size);
    });
  }

  get news(): PresenceNews {
    if (this.#news === undefined) throw new Error('the gateway is asked before it has begun to read');
    return this.#news;
  }

  /** What is to be read, each tail by itself. The deliveries begin a little before their end, everything else at its start. */
  tails(): readonly GatewayTail[] {
    const { states, memberships, rooms, deliveries, commands } = this.topics;
    return [
      { name: 'states', topics: [states], startAt: () => this.#beginAtStart(['states']) },
      { name: 'rooms', topics: [memberships, rooms], startAt: () => this.#beginAtStart(['memberships', 'rooms']) },
      { name: 'deliveries', topics: [deliveries], startAt: () => this.#beginDeliveries() },
      { name: 'overrides', topics: [commands], startAt: () => this.#beginOverrides() },
    ];
  }

  /** A batch of any of these topics. */
  take(batch: RecordBatch): void {
    switch (batch.topic) {
      case this.topics.states:
        this.states.apply(batch);
        return;
      case this.topics.deliveries:
        this.deliveries.take(batch);
        this.meters.brokenFrames.set(this.deliveries.brokenFrames);
        return;
      case this.topics.commands:
        this.overrides.take(batch);
        return;
      default:
        this.memberships.apply(batch);
        this.deliveries.recheck();
    }
  }

  /** Compacted topics are read from their start, and once to where they end now before anybody is served. */
  async #beginAtStart(names: readonly ('states' | 'memberships' | 'rooms')[]): Promise<TailStart> {
    for (const name of names) this.#expected[name] = await this.options.log.ends(this.topics[name]);
    return new Map(names.map((name) => [this.topics[name], 'start']));
  }

  async #beginDeliveries(): Promise<TailStart> {
    const { log, clock, busyName, gatewayId, journal } = this.options;
    const topic = this.topics.deliveries;
    const description = await log.describeTopic(topic);
    if (description === undefined) throw new Error(`topic ${topic} does not exist`);
    const { states, memberships, deliveries } = this;
    // Numbers of snapshots begin elsewhere at every gateway, so that one's mean nothing to another.
    const memory = new SnapshotMemory(Math.floor(spread(gatewayId) * 2 ** 31) * 2 ** 18);
    this.#news = new PresenceNews({
      clock,
      states,
      memberships,
      deliveries,
      memory,
      busyName,
      onTold: tracedNews({ tracing: this.tracing, journal }),
      onBehind: () => this.meters.snapshots.inc({ reason: 'lost' }),
      topicId: description.id,
    });
    const from = await deliveries.begin();
    this.#expected.deliveries = await log.ends(topic);
    return new Map([[topic, from]]);
  }

  async #beginOverrides(): Promise<TailStart> {
    this.overrides.expect(await this.options.log.ends(this.topics.commands));
    return new Map([[this.topics.commands, 'start']]);
  }

  /** Where the views and the deliveries stand: for whoever watches how far behind they are. */
  *readPositions(): Iterable<PartPosition> {
    const { states, deliveries } = this.topics;
    for (const [topic, positions] of [
      [states, this.states.positions],
      [deliveries, this.deliveries.positions],
    ] as const) {
      for (const [partition, nextOffset] of positions.entries()) yield { topic, partition, nextOffset };
    }
  }

  /** undefined = ready; else a sentence. */
  complaint(): string | undefined {
    if (this.#ready) return undefined;
    const reached: Ends = {
      states: this.states.positions,
      ...this.memberships.positions,
      deliveries: this.deliveries.positions,
    };
    for (const name of ['states', 'memberships', 'rooms', 'deliveries'] as const) {
      const end = this.#expected[name];
      if (end === undefined || !covers(reached[name], end)) return `${name} are still being read`;
    }
    this.#ready = true;
    return undefined;
  }

  /** Long polls are answered and streams ended; nobody waits any more. */
  release(): void {
    this.waiting.stop();
  }
}

function covers(positions: readonly number[], ends: readonly number[]): boolean {
  return ends.every((end, partition) => (positions[partition] ?? 0) >= end);
}
