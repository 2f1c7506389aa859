// Records of `presence.to.<recipient>`: an `m.presence` event as a client would see it, keyed by sender; a tombstone
// means that nothing is shared any more. Invariant: busy is `busy` here, as in every topic; the headers say how new the
// event is and what the ago was computed from.
import { type Static, Type } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import { isUserId, presenceContent, presenceEvent, type UserId } from '#libs/matrix';
import { type View } from '#libs/presence';
import { type Decoded, decoded, undecodable } from '../format/decoded.js';
import { explain, quoted } from '../format/explain.js';
import { keyFault } from '../format/keys.js';
import { writtenLife } from '../format/view-fields.js';
import { Flag, PresenceWord, StatusMessage, User, optional } from '../format/words.js';

export const RecipientEvent = Type.Object(
  {
    type: Type.Literal('m.presence'),
    sender: User,
    content: Type.Object(
      {
        presence: PresenceWord,
        last_active_ago: Type.Optional(
          Type.Integer({ minimum: 0, description: 'a whole number of milliseconds from 0' }),
        ),
        currently_active: Type.Optional(Flag),
        status_msg: optional(StatusMessage),
      },
      { description: 'the content of m.presence' },
    ),
  },
  {
    title: 'm.presence',
    description: 'What the recipient may know of the sender; a tombstone: nothing is shared any more.',
  },
);

export interface EventToRecipient {
  readonly sender: string;
  readonly view: View;
  readonly life: number;
  readonly version: number;
}

export interface WrittenEvent {
  readonly key: string;
  readonly value: string;
  /** `version`, `last_active_ts` where known, and `life` from the second one on. */
  readonly headers: Record<string, string>;
}

export function encodeRecipientEvent({ sender, view, life, version }: EventToRecipient, nowMs: number): WrittenEvent {
  const lastActive = view.lastActiveAtMs;
  const writtenAs = writtenLife(life);
  return {
    key: sender,
    value: JSON.stringify(presenceEvent(sender, presenceContent(view, nowMs, 'stable'))),
    headers: {
      version: String(version),
      ...(lastActive === undefined ? {} : { last_active_ts: String(lastActive) }),
      ...(writtenAs === undefined ? {} : { life: String(writtenAs) }),
    },
  };
}

/** What stands in a recipient topic: how new it is, and the content. */
export interface RecipientRecord {
  readonly sender: UserId;
  readonly life: number;
  readonly version: number;
  /** Absent = a tombstone: not shared. */
  readonly content?: Static<typeof RecipientEvent>['content'];
}

const check = TypeCompiler.Compile(RecipientEvent);

export interface RecipientBytes {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Headers that are missing or no numbers count as 0: older than everything. */
export function decodeRecipientEvent({ key, value, headers }: RecipientBytes): Decoded<RecipientRecord> {
  if (key === null || !isUserId(key))
    return undecodable(`the key must be a Matrix user id, not ${key === null ? 'none' : quoted(key)}`);
  const stamp = { sender: key, life: countOf(headers?.['life']), version: countOf(headers?.['version']) };
  if (value === null) return decoded(stamp);
  let event: unknown;
  try {
    event = JSON.parse(value);
  } catch {
    return undecodable('the value is not JSON');
  }
  if (!check.Check(event)) return undecodable(explain(check.Errors(event)));
  return keyFault(key, event.sender, 'sender') ?? decoded({ ...stamp, content: event.content });
}

function countOf(header: string | undefined): number {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : 0;
}
