// `device.connected`, version 1: a session of a device opens or is renewed.
import { Type } from '@sinclair/typebox';
import { type UserId, toWellFormed } from '#libs/matrix';
import { storedVersion } from '../format/stored-version.js';
import { ClaimWord, Device, Lease, Session, User } from '../format/words.js';
import { type ActivityRecord } from './activity-record.js';

export const DeviceConnectedV1 = Type.Object(
  {
    type: Type.Literal('device.connected'),
    v: Type.Literal(1),
    user_id: User,
    device_id: Device,
    session_id: Session,
    claim: ClaimWord,
    lease_ms: Lease,
  },
  { title: 'device.connected', description: 'A session of a device opens or is renewed.' },
);

export const deviceConnectedV1 = storedVersion(DeviceConnectedV1, (stored): ActivityRecord => ({
  userId: stored.user_id as UserId,
  input: {
    type: 'device.connected',
    deviceId: toWellFormed(stored.device_id),
    sessionId: toWellFormed(stored.session_id),
    claim: stored.claim,
    leaseMs: stored.lease_ms,
  },
}));
