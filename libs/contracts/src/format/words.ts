// The vocabulary of the stored formats as schemas. Invariant: a description completes the sentence "… must be", so that
// the schema, its documentation and the reason for a rejection are one text. Absent and null are the same when read.
import { FormatRegistry, Type, type TSchema } from '@sinclair/typebox';
import { MAX_STATUS_BYTES, exceedsUtf8, isRoomId, isUserId } from '#libs/matrix';

export const USER_ID_FORMAT = 'matrix-user-id';
export const ROOM_ID_FORMAT = 'matrix-room-id';
export const STATUS_FORMAT = 'status-message';

FormatRegistry.Set(USER_ID_FORMAT, isUserId);
FormatRegistry.Set(ROOM_ID_FORMAT, isRoomId);
FormatRegistry.Set(STATUS_FORMAT, (text) => !exceedsUtf8(text, MAX_STATUS_BYTES));

export const User = Type.String({
  format: USER_ID_FORMAT,
  description: 'a Matrix user id (@localpart:server, at most 255 bytes)',
});
export const Room = Type.String({
  format: ROOM_ID_FORMAT,
  description: 'a Matrix room id (!opaque:server or !opaque, at most 255 bytes)',
});
export const Device = Type.String({ minLength: 1, description: 'a device id, a string that is not empty' });
export const Session = Type.String({
  minLength: 1,
  description: 'a session id unique within its device, a string that is not empty',
});

export const PresenceWord = Type.Union(
  [Type.Literal('online'), Type.Literal('unavailable'), Type.Literal('offline'), Type.Literal('busy')],
  { description: 'one of online, unavailable, offline, busy' },
);
export const ClaimWord = Type.Union(
  [Type.Literal('auto'), Type.Literal('online'), Type.Literal('unavailable'), Type.Literal('none')],
  { description: 'one of auto, online, unavailable, none' },
);
export const StatusMessage = Type.String({
  format: STATUS_FORMAT,
  description: `a string of at most ${MAX_STATUS_BYTES} bytes`,
});

const SAFE = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };

export const Timestamp = Type.Integer({ ...SAFE, description: 'a whole number of milliseconds since 1970' });
export const Lease = Type.Integer({ ...SAFE, minimum: 1, description: 'a whole number of milliseconds, at least 1' });
/** A negative one is cut to 0 when read. */
export const Ago = Type.Integer({ ...SAFE, description: 'a whole number of milliseconds' });
export const Offset = Type.Integer({ ...SAFE, minimum: 0, description: 'an offset, a whole number from 0' });
export const Life = Type.Integer({ ...SAFE, minimum: 0, description: "the user's life, a whole number from 0" });
export const Version = Type.Integer({ ...SAFE, minimum: 1, description: 'a version, a whole number from 1' });
export const LastVersion = Type.Integer({ ...SAFE, minimum: 0, description: 'a version, a whole number from 0' });
export const Flag = Type.Boolean({ description: 'true or false' });

export const InputWord = Type.Union([Type.Literal('activity'), Type.Literal('commands')], {
  description: 'one of activity, commands',
});
export const TimerWord = Type.Union(
  [Type.Literal('idle'), Type.Literal('active'), Type.Literal('lease'), Type.Literal('grace'), Type.Literal('put')],
  { description: 'one of idle, active, lease, grace, put' },
);

/** A field that may be absent or null, which is the same. */
export function optional<T extends TSchema>(schema: T) {
  const description = schema.description === undefined ? 'null or absent' : `${schema.description}, or absent`;
  return Type.Optional(Type.Union([schema, Type.Null()], { description }));
}
