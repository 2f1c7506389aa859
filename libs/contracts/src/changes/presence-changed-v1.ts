// `presence.changed`, version 1: a view moved from one value to another, at an exact time.
import { Type } from '@sinclair/typebox';
import { type UserId } from '#libs/matrix';
import { storedVersion } from '../format/stored-version.js';
import { StoredView, VIEW_FIELDS, viewOf } from '../format/view-fields.js';
import { Life, Timestamp, User, Version, optional } from '../format/words.js';
import { type ChangeRecord, StoredApplied, StoredCause, appliedOf, causeOf } from './change-record.js';

export const PresenceChangedV1 = Type.Object(
  {
    type: Type.Literal('presence.changed'),
    v: Type.Literal(1),
    user_id: User,
    life: optional(Life),
    version: Version,
    at_ts: Timestamp,
    ...VIEW_FIELDS,
    before: StoredView,
    cause: StoredCause,
    applied: StoredApplied,
  },
  { title: 'presence.changed', description: 'The public view of a user moved from `before` to this, at `at_ts`.' },
);

export const presenceChangedV1 = storedVersion(PresenceChangedV1, (stored): ChangeRecord => ({
  kind: 'changed',
  userId: stored.user_id as UserId,
  life: stored.life ?? 0,
  version: stored.version,
  atMs: stored.at_ts,
  view: viewOf(stored),
  before: viewOf(stored.before),
  cause: causeOf(stored.cause),
  applied: appliedOf(stored.applied),
}));
