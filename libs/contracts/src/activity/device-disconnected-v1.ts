// `device.disconnected`, version 1: the last poll or socket of a session ended a while ago.
import { Type } from '@sinclair/typebox';
import { type UserId, toWellFormed } from '#libs/matrix';
import { storedVersion } from '../format/stored-version.js';
import { Ago, Device, Session, User, optional } from '../format/words.js';
import { type ActivityRecord, agoOf } from './activity-record.js';

export const DeviceDisconnectedV1 = Type.Object(
  {
    type: Type.Literal('device.disconnected'),
    v: Type.Literal(1),
    user_id: User,
    device_id: Device,
    session_id: Session,
    ago_ms: optional(Ago),
  },
  {
    title: 'device.disconnected',
    description: 'The last poll or socket of a session ended `ago_ms` before this record.',
  },
);

export const deviceDisconnectedV1 = storedVersion(DeviceDisconnectedV1, (stored): ActivityRecord => ({
  userId: stored.user_id as UserId,
  input: {
    type: 'device.disconnected',
    deviceId: toWellFormed(stored.device_id),
    sessionId: toWellFormed(stored.session_id),
    ...agoOf(stored.ago_ms),
  },
}));
