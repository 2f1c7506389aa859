// `presence.memberships` and `presence.rooms`: who is where, and which rooms share. Invariant: of a tombstone the key
// says everything, and it is a leave, or back to `share`.
import { isRoomId } from '#libs/matrix';
import { type Decoded, decoded, undecodable } from '../format/decoded.js';
import { quoted } from '../format/explain.js';
import { keyFault, membershipKey, pairOf } from '../format/keys.js';
import { type LineDefaults, decodeText, recordFamily } from '../format/record-family.js';
import { type MembershipRecord, type MembershipWord, roomMembershipV1 } from './room-membership-v1.js';
import { type RoomPolicyRecord, type RoomPolicyWord, roomPolicyV1 } from './room-policy-v1.js';

export const MEMBERSHIPS = recordFamily<MembershipRecord>({ 'room.membership': [roomMembershipV1] });
export const ROOMS = recordFamily<RoomPolicyRecord>({ 'room.policy': [roomPolicyV1] });

export function decodeMembership(text: string | null, keyText: string | null): Decoded<MembershipRecord> {
  if (text === null) {
    const pair = keyText === null ? undefined : pairOf(keyText);
    if (pair === undefined)
      return undecodable(`the key of a tombstone must be room_id|user_id, not ${shownKey(keyText)}`);
    return decoded({ ...pair, membership: 'leave' });
  }
  const result = decodeText(MEMBERSHIPS, text);
  if (!result.ok) return result;
  const { roomId, userId } = result.record;
  return keyFault(keyText, membershipKey(roomId, userId), 'room_id|user_id') ?? result;
}

export function decodeRoomPolicy(text: string | null, keyText: string | null): Decoded<RoomPolicyRecord> {
  if (text === null) {
    if (keyText === null || !isRoomId(keyText))
      return undecodable(`the key of a tombstone must be a Matrix room id, not ${shownKey(keyText)}`);
    return decoded({ roomId: keyText, presence: 'share' });
  }
  const result = decodeText(ROOMS, text);
  if (!result.ok) return result;
  return keyFault(keyText, result.record.roomId, 'room_id') ?? result;
}

/** Lines of a door: `v` and `type` may be absent, and the key is computed. */
export function decodeMembershipLine(text: string, defaults: LineDefaults): Decoded<MembershipRecord> {
  return decodeText(MEMBERSHIPS, text, { ...defaults, type: 'room.membership' });
}

export function decodeRoomPolicyLine(text: string, defaults: LineDefaults): Decoded<RoomPolicyRecord> {
  return decodeText(ROOMS, text, { ...defaults, type: 'room.policy' });
}

/** The parts of a CSV line, checked by the same schema. */
export function readMembership(roomId: string, userId: string, membership: string): Decoded<MembershipRecord> {
  return roomMembershipV1.decode({ type: 'room.membership', v: 1, room_id: roomId, user_id: userId, membership });
}

export function encodeMembership(record: {
  readonly roomId: string;
  readonly userId: string;
  readonly membership: MembershipWord;
}): string {
  const { roomId, userId, membership } = record;
  return JSON.stringify({ type: 'room.membership', v: 1, room_id: roomId, user_id: userId, membership });
}

export function encodeRoomPolicy(record: { readonly roomId: string; readonly presence: RoomPolicyWord }): string {
  return JSON.stringify({ type: 'room.policy', v: 1, room_id: record.roomId, presence: record.presence });
}

function shownKey(key: string | null): string {
  return key === null ? 'none' : quoted(key);
}
