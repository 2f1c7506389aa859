// What recipient topics lack of senders, as records. Invariant: one pass is made from the tables as they stand at one moment, and
// puts a sender's event into bytes once, however many topics take it. It stands apart because nothing here waits or writes.
import { encodeRecipientEvent } from '#libs/contracts';
import type { NewRecord } from '#libs/event-log';
import type { Stamp } from '#libs/views';
import type { RecipientTopic } from './recipient-topic.js';
import type { Tables } from './tables.js';

/** What one topic is to be told of one sender; `present` false: a tombstone. */
export interface Lacking extends Stamp {
  readonly sender: number;
  readonly present: boolean;
  readonly record: NewRecord;
}

/** What the topic lacks of the sender; cheap where that is nothing. */
export function lackOf(tables: Tables, topic: RecipientTopic, sender: number): 'nothing' | 'event' | 'tombstone' {
  const held = topic.held(sender);
  const { rows } = tables.states;
  if (!rows.viewShown(sender) || !tables.memberships.interest.sharesRoom(sender, topic.user))
    return held?.present === true ? 'tombstone' : 'nothing';
  return held?.present === true && rows.compare(sender, held.life, held.version) <= 0 ? 'nothing' : 'event';
}

export class LacksNow {
  readonly #events = new Map<number, Lacking>();

  constructor(
    private readonly tables: Tables,
    private readonly nowMs: number,
  ) {}

  of(topic: RecipientTopic, senders: Iterable<number>): Lacking[] {
    const lacks: Lacking[] = [];
    for (const sender of senders) {
      const lack = lackOf(this.tables, topic, sender);
      if (lack === 'event') lacks.push(this.#event(sender));
      else if (lack === 'tombstone') lacks.push(this.#tombstone(topic, sender));
    }
    return lacks;
  }

  #event(sender: number): Lacking {
    const known = this.#events.get(sender);
    if (known !== undefined) return known;
    const { states } = this.tables;
    const { userId, life, version, view } = states.stateOf(sender) ?? {};
    if (userId === undefined || life === undefined || version === undefined || view === undefined)
      throw new Error('an event is lacking of a user without a view');
    const { key, value, headers } = encodeRecipientEvent({ sender: userId, view, life, version }, this.nowMs);
    const record = { key: Buffer.from(key), value: Buffer.from(value), headers };
    const lacking = { sender, life, version, present: true, record };
    this.#events.set(sender, lacking);
    return lacking;
  }

  #tombstone(topic: RecipientTopic, sender: number): Lacking {
    const { states, users } = this.tables;
    const { life, version } = states.stateOf(sender) ?? topic.held(sender) ?? { life: 0, version: 0 };
    return { sender, life, version, present: false, record: { key: users.nameOf(sender), value: null } };
  }
}
