// `room.policy`, version 1: whether being in a room together shares presence. No record and a tombstone mean `share`.
import { Type } from '@sinclair/typebox';
import { type RoomId } from '#libs/matrix';
import { storedVersion } from '../format/stored-version.js';
import { Room } from '../format/words.js';

export type RoomPolicyWord = 'share' | 'withhold';

export interface RoomPolicyRecord {
  readonly roomId: RoomId;
  readonly presence: RoomPolicyWord;
}

const Policy = Type.Union([Type.Literal('share'), Type.Literal('withhold')], { description: 'one of share, withhold' });

export const RoomPolicyV1 = Type.Object(
  { type: Type.Literal('room.policy'), v: Type.Literal(1), room_id: Room, presence: Policy },
  { title: 'room.policy', description: 'Whether being in this room together shares presence; no record means share.' },
);

export const roomPolicyV1 = storedVersion(RoomPolicyV1, (stored): RoomPolicyRecord => ({
  roomId: stored.room_id as RoomId,
  presence: stored.presence,
}));
