// Matrix identifiers as branded strings (specification, appendices, "Identifier Grammar"). Invariant: a UserId, RoomId
// or DeviceId has passed its check here; nothing else makes one.
//
// User ids: "Historical User IDs" are taken (any localpart without `:`, NUL and lone surrogates), since a bridge may
// carry them; an empty localpart is not: the specification calls it non-compliant, and it is what a producer makes of
// a name that it lacks. Room ids: `!opaque:server`, or without a server (room version 12) in base64 characters.
import { exceedsUtf8, isWellFormed } from './utf8.js';

declare const brand: unique symbol;

export type UserId = string & { readonly [brand]: 'user' };
export type RoomId = string & { readonly [brand]: 'room' };
export type DeviceId = string & { readonly [brand]: 'device' };

/** User and room ids, sigil and server included ("MUST NOT exceed 255 bytes"). */
export const MAX_ID_BYTES = 255;

const AT = 0x40;
const COLON = 0x3a;
const BANG = 0x21;

// "Server Name": an IPv4 literal is within what a DNS name may be made of.
const SERVER_NAME = /^(?:[0-9A-Za-z.-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;
const ROOM_WITHOUT_SERVER = /^![0-9A-Za-z_+/=-]+$/;

/** `@localpart:server`, at most 255 bytes. */
export function isUserId(text: string): text is UserId {
  return text.charCodeAt(0) === AT && isLocalpartAndServer(text, 2);
}

/** `!opaque:server` or, since room version 12, `!opaque`; at most 255 bytes. */
export function isRoomId(text: string): text is RoomId {
  if (text.charCodeAt(0) !== BANG) return false;
  if (text.length <= MAX_ID_BYTES && ROOM_WITHOUT_SERVER.test(text)) return true;
  return isLocalpartAndServer(text, 2);
}

/** Device ids are opaque ("Relationship between access tokens and devices"): any text but the empty one. */
export function isDeviceId(text: string): text is DeviceId {
  return text.length > 0;
}

/** A hostname with an optional port. */
export function isServerName(text: string): boolean {
  return SERVER_NAME.test(text);
}

export function serverNameOf(userId: UserId): string {
  return userId.slice(userId.indexOf(':') + 1);
}

function isLocalpartAndServer(text: string, firstColon: number): boolean {
  const length = text.length;
  let isAscii = true;
  let colon = 1;
  for (; colon < length; colon += 1) {
    const unit = text.charCodeAt(colon);
    if (unit === COLON) break;
    if (unit === 0) return false;
    if (unit > 0x7f) isAscii = false;
  }
  if (colon < firstColon || colon >= length || !isServerPart(text, colon + 1)) return false;
  if (isAscii) return length <= MAX_ID_BYTES;
  return !exceedsUtf8(text, MAX_ID_BYTES) && isWellFormed(text);
}

/** Plain names of letters, digits, dots and hyphens are told without the expression: user ids are checked per record. */
function isServerPart(text: string, from: number): boolean {
  if (from >= text.length) return false;
  for (let index = from; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    const plain =
      (unit >= 0x61 && unit <= 0x7a) ||
      (unit >= 0x2d && unit <= 0x39 && unit !== 0x2f) ||
      (unit >= 0x41 && unit <= 0x5a);
    if (!plain) return isServerName(text.slice(from));
  }
  return true;
}
