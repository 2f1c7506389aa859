// `presence.override`, version 1: forces the user's presence (MSC4043); null or absent lifts it.
import { Type } from '@sinclair/typebox';
import { type UserId } from '#libs/matrix';
import { storedVersion } from '../format/stored-version.js';
import { PresenceWord, User, optional } from '../format/words.js';
import { type CommandRecord } from './command-record.js';

export const PresenceOverrideV1 = Type.Object(
  {
    type: Type.Literal('presence.override'),
    v: Type.Literal(1),
    user_id: User,
    presence: optional(PresenceWord),
  },
  { title: 'presence.override', description: "Forces the user's presence whatever the devices do; null lifts it." },
);

export const presenceOverrideV1 = storedVersion(PresenceOverrideV1, (stored): CommandRecord => {
  const presence = stored.presence ?? undefined;
  return {
    userId: stored.user_id as UserId,
    input: presence === undefined ? { type: 'presence.override' } : { type: 'presence.override', presence },
  };
});
