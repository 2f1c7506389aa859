// `room.membership`, version 1: what a user is to a room. A tombstone is a leave.
import { Type } from '@sinclair/typebox';
import { type RoomId, type UserId } from '#libs/matrix';
import { storedVersion } from '../format/stored-version.js';
import { Room, User } from '../format/words.js';

/** The memberships of the Matrix specification (`m.room.member`); only `join` creates interest. */
export type MembershipWord = 'join' | 'leave' | 'invite' | 'knock' | 'ban';

export interface MembershipRecord {
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly membership: MembershipWord;
}

const Membership = Type.Union(
  [Type.Literal('join'), Type.Literal('leave'), Type.Literal('invite'), Type.Literal('knock'), Type.Literal('ban')],
  { description: 'one of join, leave, invite, knock, ban' },
);

export const RoomMembershipV1 = Type.Object(
  { type: Type.Literal('room.membership'), v: Type.Literal(1), room_id: Room, user_id: User, membership: Membership },
  { title: 'room.membership', description: 'What a user is to a room; a tombstone is a leave.' },
);

export const roomMembershipV1 = storedVersion(RoomMembershipV1, (stored): MembershipRecord => ({
  roomId: stored.room_id as RoomId,
  userId: stored.user_id as UserId,
  membership: stored.membership,
}));
