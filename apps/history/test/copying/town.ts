// A town of users whose engine may be stopped, copied elsewhere and gone on with, on the in-memory log and a clock that is set by
// hand. Invariant: what happens is drawn from a seed, so that a town that was copied can be held against one that was not.
import { Aggregator } from '#apps/aggregator';
import { decodeChange, topicNames, topicSpecs } from '#libs/contracts';
import { MemoryEventLog } from '#libs/event-log';
import { DEFAULT_POLICY } from '#libs/presence';
import { SimulatedClock, turns } from '#libs/testing';
import { type CopyOutcome, copyTopics } from '../../src/copying/copy-topics.js';
import { opened, placeOf } from '../../src/copying/places.js';
import { readConfiguration } from '#libs/runtime';

const START_MS = 1_700_000_000_000;
const USERS = 40;
const REST_TURNS = 12;

export interface Deed {
  readonly afterMs: number;
  readonly topic: 'activity' | 'commands';
  readonly userId: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Deeds from a seed (mulberry32). */
export function drawDeeds(seed: number, count: number): Deed[] {
  let state = seed >>> 0;
  const draw = (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
  const one = <T>(of: readonly T[]): T => of[draw(of.length)]!;
  return Array.from({ length: count }, (): Deed => {
    const device_id = one(['A', 'B']);
    const session_id = one(['1', '2']);
    const [topic, fields] = one<readonly [Deed['topic'], Deed['fields']]>([
      ['activity', { type: 'device.active', device_id }],
      ['activity', { type: 'device.active' }],
      [
        'activity',
        {
          type: 'device.connected',
          device_id,
          session_id,
          claim: one(['auto', 'none', 'unavailable']),
          lease_ms: one([30_000, 400_000]),
        },
      ],
      ['activity', { type: 'device.disconnected', device_id, session_id }],
      [
        'commands',
        {
          type: 'presence.set',
          device_id,
          presence: one(['online', 'busy', 'offline', 'unavailable']),
          status_msg: one(['', 'x', 'y']),
        },
      ],
      ['commands', { type: 'presence.override', presence: one(['busy', null]) }],
      ['commands', { type: one(['user.forget', 'presence.override']) }],
    ]);
    return { afterMs: one([0, 10, 900, 15_000, 40_000]), topic, userId: `@u${draw(USERS)}:hs`, fields };
  });
}

export class Town {
  readonly clock = new SimulatedClock(START_MS);
  readonly log = new MemoryEventLog({ now: this.clock.now });
  #aggregator: Aggregator | undefined;

  constructor(public prefix = 'presence.') {}

  static async founded(partitions: number): Promise<Town> {
    const town = new Town();
    await town.log.createTopics(topicSpecs({ prefix: town.prefix, partitions, deliveryPartitions: 2 }));
    await town.start();
    return town;
  }

  async start(): Promise<void> {
    const { log, clock, prefix } = this;
    // Time stands still while it begins: no partition may wait for its turn.
    const limits = { restoredAtOnce: Infinity };
    this.#aggregator = new Aggregator({ log, clock, prefix, topics: topicNames(prefix), limits });
    await this.#aggregator.start();
    await turns(REST_TURNS);
  }

  /** As by kill -9: what is only in memory is lost. */
  async kill(): Promise<void> {
    await Promise.all(this.#aggregator?.host.tasks.map((task) => task.abandon()) ?? []);
    await this.stop();
  }

  async stop(): Promise<void> {
    await this.#aggregator?.stop();
    this.#aggregator = undefined;
  }

  async live(deeds: readonly Deed[]): Promise<void> {
    for (const deed of deeds) {
      await this.pass(deed.afterMs);
      await this.write(deed);
    }
  }

  async write({ topic, userId, fields }: Deed): Promise<void> {
    const value = JSON.stringify({ v: 1, user_id: userId, ...fields });
    await this.log.append(topicNames(this.prefix)[topic], [{ key: userId, value }]);
    await turns(REST_TURNS);
  }

  pass(ms: number): Promise<void> {
    return this.clock.runTo(this.clock.nowMs() + ms, () => turns(REST_TURNS));
  }

  /** @param stopAfter the copy is asked to end after so many transactions */
  async copyTo(prefix: string, partitions?: number, stopAfter = Infinity): Promise<CopyOutcome> {
    const ending = new AbortController();
    const configuration = readConfiguration({}, 'command line').configuration;
    let transactions = 0;
    const place = (at: string) => opened(placeOf(at, configuration, '/'), this.log);
    if (stopAfter === 0) ending.abort();
    return copyTopics({
      from: place(this.prefix),
      to: place(prefix),
      ...(partitions === undefined ? {} : { partitions }),
      policy: DEFAULT_POLICY,
      ending: ending.signal,
      note: (sentence) => {
        this.notes.push(sentence);
        return Promise.resolve();
      },
      show: (say) => {
        if (!say().startsWith('copying')) return;
        transactions += 1;
        if (transactions >= stopAfter) ending.abort();
      },
    });
  }

  readonly notes: string[] = [];

  /** Every user's history, without offsets. */
  async histories(prefix = this.prefix): Promise<Record<string, unknown[]>> {
    const topic = topicNames(prefix).changes;
    const histories: Record<string, unknown[]> = {};
    for (const [partition, end] of (await this.log.ends(topic)).entries()) {
      for await (const { records } of this.log.read(topic, partition, 0, end)) {
        for (const { key, value } of records) {
          const decoded = decodeChange(String(value), String(key));
          if (!decoded.ok) throw new Error(decoded.reason);
          const { userId, applied: _, cause: __, ...change } = decoded.record;
          (histories[userId] ??= []).push(change);
        }
      }
    }
    return histories;
  }
}
