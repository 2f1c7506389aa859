// `presence.set`, version 1: PUT …/presence/{userId}/status by a device.
import { Type } from '@sinclair/typebox';
import { type UserId, toWellFormed } from '#libs/matrix';
import { storedVersion } from '../format/stored-version.js';
import { Device, PresenceWord, StatusMessage, User, optional } from '../format/words.js';
import { type CommandRecord } from './command-record.js';

export const PresenceSetV1 = Type.Object(
  {
    type: Type.Literal('presence.set'),
    v: Type.Literal(1),
    user_id: User,
    device_id: Device,
    presence: PresenceWord,
    status_msg: optional(StatusMessage),
  },
  {
    title: 'presence.set',
    description: 'A device sets its presence; an absent, null or empty `status_msg` clears the message.',
  },
);

export const presenceSetV1 = storedVersion(PresenceSetV1, (stored): CommandRecord => {
  const statusMsg = stored.status_msg ?? '';
  return {
    userId: stored.user_id as UserId,
    input: {
      type: 'presence.set',
      deviceId: toWellFormed(stored.device_id),
      presence: stored.presence,
      ...(statusMsg === '' ? {} : { statusMsg: toWellFormed(statusMsg) }),
    },
  };
});
