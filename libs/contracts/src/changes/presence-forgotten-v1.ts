// `presence.forgotten`, version 1: a user was erased. It is a record of its own because a last change to offline need
// not exist, and recipients must be told all the same.
import { Type } from '@sinclair/typebox';
import { type UserId } from '#libs/matrix';
import { storedVersion } from '../format/stored-version.js';
import { LastVersion, Life, Timestamp, User, optional } from '../format/words.js';
import { type ChangeRecord, StoredApplied, StoredCause, appliedOf, causeOf } from './change-record.js';

export const PresenceForgottenV1 = Type.Object(
  {
    type: Type.Literal('presence.forgotten'),
    v: Type.Literal(1),
    user_id: User,
    life: optional(Life),
    version: LastVersion,
    at_ts: Timestamp,
    cause: StoredCause,
    applied: StoredApplied,
  },
  {
    title: 'presence.forgotten',
    description: 'This life of the user has ended with this version (0 = nothing was ever shown).',
  },
);

export const presenceForgottenV1 = storedVersion(PresenceForgottenV1, (stored): ChangeRecord => ({
  kind: 'forgotten',
  userId: stored.user_id as UserId,
  life: stored.life ?? 0,
  version: stored.version,
  atMs: stored.at_ts,
  cause: causeOf(stored.cause),
  applied: appliedOf(stored.applied),
}));
