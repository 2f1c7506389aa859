// `device.active` in the very bytes that our encoder writes, found in the bytes of a log without making any text: nine of
// ten inputs are this record. Invariant: it finds what the schema gives, or nothing, which decides nothing (a property test
// compares them). It stands apart because it is written for the machine.
import { ascii, type RecordSpans } from '../format/json-bytes.js';

/** What was found; used again for every record. */
export class FoundActive {
  /** −1 = the user, device unknown. */
  deviceStart = -1;
  deviceEnd = -1;
  /** −1 = absent. */
  agoMs = -1;
}

const HEAD = ascii('{"type":"device.active","v":1,"user_id":"');
const DEVICE = ascii('","device_id":"');
const AGO = ascii(',"ago_ms":');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSE = 0x7d;
const ZERO = 0x30;
/** More digits might not be a safe integer. */
const MOST_DIGITS = 15;

/**
 * The key must be known to be a Matrix user id of printable ASCII without quotes and backslashes, so that it stands in
 * JSON as it is.
 */
export function findActive(record: RecordSpans, found: FoundActive): boolean {
  const { keyBytes, keyStart, keyEnd, valueBytes: bytes, valueStart, valueEnd } = record;
  if (keyStart < 0 || valueStart < 0) return false;
  const userStart = valueStart + HEAD.length;
  let at = userStart + keyEnd - keyStart;
  // After the user at least a quote and a brace must follow.
  if (at + 2 > valueEnd) return false;
  for (let key = keyEnd - 1, user = at - 1; key >= keyStart; key -= 1, user -= 1) {
    if (keyBytes[key] !== bytes[user]) return false;
  }
  if (!standsAt(HEAD, bytes, valueStart)) return false;
  found.deviceStart = -1;
  if (at + DEVICE.length < valueEnd && standsAt(DEVICE, bytes, at)) {
    const start = at + DEVICE.length;
    at = endOfPlain(bytes, start, valueEnd);
    if (at <= start) return false;
    found.deviceStart = start;
    found.deviceEnd = at;
  }
  if (bytes[at] !== QUOTE) return false;
  at += 1;
  found.agoMs = -1;
  if (at === valueEnd - 1) return bytes[at] === CLOSE;
  if (at + AGO.length >= valueEnd || !standsAt(AGO, bytes, at)) return false;
  found.agoMs = wholeNumber(bytes, at + AGO.length, valueEnd);
  return found.agoMs >= 0;
}

function standsAt(wanted: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < wanted.length; index += 1) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}

/** The index of the quote that ends plain ASCII; 0 = something else stands there. */
function endOfPlain(bytes: Uint8Array, from: number, end: number): number {
  for (let index = from; index < end; index += 1) {
    const byte = bytes[index]!;
    if (byte === QUOTE) return index;
    if (byte < 0x20 || byte > 0x7e || byte === BACKSLASH) return 0;
  }
  return 0;
}

/** The digits from there to the closing brace; −1 = something else. */
function wholeNumber(bytes: Uint8Array, from: number, end: number): number {
  const digits = end - 1 - from;
  if (digits < 1 || digits > MOST_DIGITS || bytes[end - 1] !== CLOSE) return -1;
  if (digits > 1 && bytes[from] === ZERO) return -1;
  let value = 0;
  for (let index = from; index < end - 1; index += 1) {
    const digit = bytes[index]! - ZERO;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}
