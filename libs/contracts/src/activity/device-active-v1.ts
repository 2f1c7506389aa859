// `device.active`, version 1: the user did something, on a device or on one that is not known.
import { Type } from '@sinclair/typebox';
import { type UserId, toWellFormed } from '#libs/matrix';
import { storedVersion } from '../format/stored-version.js';
import { Ago, Device, User, optional } from '../format/words.js';
import { type ActivityRecord, agoOf } from './activity-record.js';

export const DeviceActiveV1 = Type.Object(
  {
    type: Type.Literal('device.active'),
    v: Type.Literal(1),
    user_id: User,
    device_id: optional(Device),
    ago_ms: optional(Ago),
  },
  {
    title: 'device.active',
    description: 'A pro-active event `ago_ms` before this record; without a device it is of the user.',
  },
);

export const deviceActiveV1 = storedVersion(DeviceActiveV1, (stored): ActivityRecord => {
  const deviceId = stored.device_id ?? undefined;
  return {
    userId: stored.user_id as UserId,
    input: {
      type: 'device.active',
      ...(deviceId === undefined ? {} : { deviceId: toWellFormed(deviceId) }),
      ...agoOf(stored.ago_ms),
    },
  };
});
