// `presence.state`, version 1: the latest public view of a user.
import { Type } from '@sinclair/typebox';
import { type UserId } from '#libs/matrix';
import { type View } from '#libs/presence';
import { storedVersion } from '../format/stored-version.js';
import { VIEW_FIELDS, viewOf } from '../format/view-fields.js';
import { Life, Timestamp, User, Version, optional } from '../format/words.js';

export interface StateRecord {
  readonly userId: UserId;
  readonly life: number;
  readonly version: number;
  /** When the view moved to what it is; milliseconds. */
  readonly changedAtMs: number;
  readonly view: View;
}

export const PresenceStateV1 = Type.Object(
  {
    type: Type.Literal('presence.state'),
    v: Type.Literal(1),
    user_id: User,
    life: optional(Life),
    version: Version,
    changed_ts: Timestamp,
    ...VIEW_FIELDS,
  },
  {
    title: 'presence.state',
    description: 'The latest public view of a user; a tombstone means that the user was forgotten.',
  },
);

export const presenceStateV1 = storedVersion(PresenceStateV1, (stored): StateRecord => ({
  userId: stored.user_id as UserId,
  life: stored.life ?? 0,
  version: stored.version,
  changedAtMs: stored.changed_ts,
  view: viewOf(stored),
}));
