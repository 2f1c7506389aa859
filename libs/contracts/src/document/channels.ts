// What the AsyncAPI document says of each topic beside its records: what it is for, its key, who writes it. Invariant:
// every topic has a line here (the type demands it).
import { TRACEPARENT } from '../format/traceparent.js';
import { AS_OF } from '../rooms/as-of.js';
import { type TopicWord } from '../topics/topic-names.js';

export interface ChannelText {
  readonly summary: string;
  readonly key: string;
  /** As seen by the engine: it receives what others write. */
  readonly action: 'send' | 'receive';
  /** Headers of its records besides `content-type`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Types of other topics' records that stand here too. */
  readonly also?: readonly string[];
}

const TRACED = {
  [TRACEPARENT]: 'optional: the W3C trace context of whatever caused the record; what is not one is passed over',
};
const CARRIED = {
  [TRACEPARENT]: 'the W3C trace context of the input that caused the record, if it came with one; never of a timer',
};
const TIMED = {
  [AS_OF]:
    'optional, of the bridge: when the event was sent, milliseconds since the Unix epoch. Absent: when the record was',
};
const COPIED = { 'copied-from': 'partition:offset of the old topic, in a log that `topics copy` made' };

export const CHANNELS: Readonly<Record<TopicWord | 'to', ChannelText>> = {
  activity: {
    summary: 'What devices do: gateways and any other service write it.',
    key: 'the user id',
    action: 'receive',
    headers: TRACED,
  },
  commands: {
    summary: 'What is asked for users: gateways and administrators.',
    key: 'the user id',
    action: 'receive',
    headers: TRACED,
  },
  states: {
    summary: 'The latest public view of every user, and one !progress record per partition.',
    key: 'the user id, or !progress',
    action: 'send',
    headers: { life: 'of a tombstone: the life that was erased', ...CARRIED },
  },
  changes: {
    summary: 'The history: one record per change of a view.',
    key: 'the user id',
    action: 'send',
    headers: { ...CARRIED, ...COPIED },
  },
  registers: {
    summary: 'Private: what the aggregator keeps of a user. It holds what hidden users hide.',
    key: 'the user id, or !snapshot',
    action: 'send',
    also: ['presence.snapshot.begin'],
  },
  snapshots: {
    summary:
      'Private: all registers of a partition at one pair of input offsets, and the order in which inputs were taken.',
    key: 'the user id, !snapshot or !order',
    action: 'send',
    also: ['presence.registers'],
  },
  memberships: {
    summary: 'Who is in which room; a tombstone is a leave.',
    key: 'room_id|user_id',
    action: 'receive',
    headers: { ...TIMED, ...COPIED },
  },
  rooms: {
    summary: 'Which rooms withhold presence; no record is share.',
    key: 'the room id',
    action: 'receive',
    headers: { ...TIMED, ...COPIED },
  },
  deliveries: {
    summary: 'News by the delivery partition of their recipients.',
    key: 'null; the partition is murmur2 of the recipient',
    action: 'send',
    headers: {
      memberships: 'next offset by partition, as JSON: of which memberships the frame was made',
      rooms: 'next offset by partition, as JSON: of which rooms',
      changes: 'next offset by partition, as JSON: of which changes',
    },
  },
  rejected: {
    summary: 'The original key and bytes of records that could not be read.',
    key: 'the original key',
    action: 'send',
    headers: {
      reason: 'one sentence',
      topic: 'where the record stood',
      partition: 'where the record stood',
      offset: 'where the record stood',
      cut_from_bytes: 'how long the value was, where only its beginning fits',
      key_cut_from_bytes: 'how long the key was, where only its beginning fits',
    },
  },
  to: {
    summary: 'Everybody whose presence the recipient may see. Create the topic, compacted, to subscribe.',
    key: 'the sender',
    action: 'send',
    headers: {
      version: "the version of the sender's view",
      last_active_ts: 'milliseconds since 1970; absent = not known',
      life: "the sender's life; absent = 0",
    },
  },
};
