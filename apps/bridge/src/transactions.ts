// A homeserver's transactions into records. Invariant: a transaction is taken once by its identity while this process remembers
// it; one that comes again after that does no harm, since memberships say the same and activity carries its own time. What resolves
// is durable; records of one pair are appended in the order of their events, and what a late transaction says of them is passed by.
import {
  asOfHeaders,
  encodeActivity,
  encodeMembership,
  encodeRoomPolicy,
  membershipKey,
  tracedHeaders,
  type TopicNames,
} from '#libs/contracts';
import type { Clock, EventLog, NewRecord } from '#libs/event-log';
import type { JsonObject } from '#libs/matrix';
import type { Journal } from '#libs/runtime';
import { ActivityBundle } from './activity-bundle.js';
import type { BridgeMeters } from './meters.js';
import { Overtaking, type TimedWord } from './overtaking.js';
import type { RoomPolicies } from './room-policy.js';
import { readTransaction, type BridgedFact } from './transaction.js';
import { TypingWatch } from './typing-watch.js';

export interface TransactionsOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly topics: TopicNames;
  readonly policies: RoomPolicies;
  /** Local users whom no application service owns. */
  readonly isActor: (userId: string) => boolean;
  readonly meters: BridgeMeters;
  readonly journal: Pick<Journal, 'info' | 'warn'>;
  /** Under which the id of the last transaction is kept. */
  readonly group: string;
}

const MAX_REMEMBERED = 1_000;

export interface TransactionName {
  readonly id: string;
  readonly digest: string;
  readonly traceparent?: string | undefined;
}

type Word = TimedWord & Pick<NewRecord, 'value' | 'headers'>;

interface Records {
  readonly memberships: Word[];
  readonly rooms: Word[];
  readonly activity: NewRecord[];
  /** Whose activity counts as told once it is durable. */
  readonly active: Map<string, number>;
}

export class Transactions {
  readonly #taken = new Map<string, Promise<void>>();
  readonly #bundle = new ActivityBundle();
  readonly #typing = new TypingWatch();
  readonly #overtaking: Overtaking;
  /** One after the other: a homeserver waits for each, and a repeated one must not overtake. */
  #line: Promise<void> = Promise.resolve();

  constructor(private readonly options: TransactionsOptions) {
    const { topics } = options;
    this.#overtaking = new Overtaking({ ...options, topic: topics.memberships });
  }

  /**
   * Resolves when everything that it says is durable. `digest`: of its content, since its id alone does not identify it: Synapse on
   * SQLite counts anew whenever it starts.
   */
  take({ id, digest, traceparent }: TransactionName, body: JsonObject): Promise<void> {
    const identity = `${id} ${digest}`;
    const known = this.#taken.get(identity);
    if (known !== undefined) {
      this.options.meters.transactions.inc({ outcome: 'repeated' });
      return known;
    }
    const taking = this.#line.then(() => this.#append(id, body, tracedHeaders(traceparent)));
    this.#taken.set(identity, taking);
    // Its failure is the caller's to tell; the line goes on, and the id may come again.
    this.#line = taking.catch(() => {
      this.#taken.delete(identity);
      this.options.meters.transactions.inc({ outcome: 'failed' });
    });
    this.#forgetOldest();
    return taking;
  }

  #forgetOldest(): void {
    if (this.#taken.size <= MAX_REMEMBERED) return;
    const oldest = this.#taken.keys().next();
    if (oldest.done !== true) this.#taken.delete(oldest.value);
  }

  async #append(id: string, body: JsonObject, headers: NewRecord['headers']): Promise<void> {
    const { log, topics, meters, journal, isActor } = this.options;
    const { facts, broken } = readTransaction(body, isActor);
    const records = this.#recordsOf(facts, headers);
    const isLate = await this.#overtaking.isLate(id);
    // A room that is withheld is so before its members are known.
    for (const topic of ['rooms', 'memberships'] as const) {
      const words = records[topic];
      const remaining = isLate ? await this.#overtaking.remaining(topics[topic], words) : words;
      if (remaining.length > 0) await log.append(topics[topic], remaining.map(recordOf));
      meters.records.inc({ topic }, remaining.length);
      meters.overtaken.inc(words.length - remaining.length);
      if (isLate && words.length > 0)
        journal.info(`transaction ${id} comes after newer ones`, {
          topic,
          words: words.length,
          overtaken: words.length - remaining.length,
        });
    }
    if (records.activity.length > 0) await log.append(topics.activity, records.activity);
    for (const [userId, atMs] of records.active) this.#bundle.told(userId, atMs);
    meters.records.inc({ topic: 'activity' }, records.activity.length);
    this.#overtaking.taken(id, records.rooms.length + records.memberships.length > 0);
    meters.broken.inc(broken);
    meters.transactions.inc({ outcome: 'taken' });
  }

  #recordsOf(facts: readonly BridgedFact[], headers: NewRecord['headers']): Records {
    const records: Records = { memberships: [], rooms: [], activity: [], active: new Map() };
    const nowMs = this.options.clock.nowMs();
    const active = (userId: string, atMs: number): void => {
      const soFar = records.active.get(userId) ?? -Infinity;
      // A time of the future is the homeserver's clock, not ours.
      const cut = Math.min(atMs, nowMs);
      if (cut > soFar && this.#bundle.isNews(userId, cut)) records.active.set(userId, cut);
    };
    const word = ({ atMs: given }: { readonly atMs?: number }, key: string, value: string): Word => {
      const atMs = given === undefined ? undefined : Math.min(given, nowMs);
      return { key, value, atMs, headers: asOfHeaders(atMs) };
    };
    for (const fact of facts) {
      switch (fact.kind) {
        case 'membership':
          records.memberships.push(word(fact, membershipKey(fact.roomId, fact.userId), encodeMembership(fact)));
          break;
        case 'join-rule': {
          const presence = this.options.policies.policyOf(fact.roomId, fact.joinRule);
          records.rooms.push(word(fact, fact.roomId, encodeRoomPolicy({ roomId: fact.roomId, presence })));
          break;
        }
        case 'activity':
          active(fact.userId, fact.atMs ?? nowMs);
          break;
        case 'typing':
          for (const userId of this.#typing.begun(fact.roomId, fact.userIds)) active(userId, nowMs);
          break;
        default:
          fact satisfies never;
      }
    }
    for (const [userId, atMs] of records.active) {
      const input = { type: 'device.active' as const, agoMs: Math.round(nowMs - atMs) };
      records.activity.push({ key: userId, value: encodeActivity({ userId, input }), headers });
    }
    return records;
  }
}

function recordOf({ key, value, headers }: Word): NewRecord {
  return { key, value, headers };
}
