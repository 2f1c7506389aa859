// `device.connected` and `device.disconnected` in the very bytes that our encoder writes, found without making a text or an object of
// the record: a steady client is nothing but these. Invariant: it finds what the decoder gives, or nothing, which decides nothing (a
// property test compares them). It stands apart because it is written for the machine.
import type { RecordSpans } from '#libs/contracts';

/** What was found; used again for every record. */
export class FoundSession {
  isConnect = false;
  deviceStart = 0;
  deviceEnd = 0;
  sessionStart = 0;
  sessionEnd = 0;
  claim: 'auto' | 'online' | 'unavailable' | 'none' = 'none';
  leaseMs = 0;
  /** −1 = absent. */
  agoMs = -1;
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (unit) => unit.charCodeAt(0));

const CONNECTED = ascii('{"type":"device.connected","v":1,"user_id":"');
const DISCONNECTED = ascii('{"type":"device.disconnected","v":1,"user_id":"');
const DEVICE = ascii('","device_id":"');
const SESSION = ascii('","session_id":"');
const CLAIM = ascii('","claim":"');
const LEASE = ascii('","lease_ms":');
const AGO = ascii('","ago_ms":');
const CLAIMS = (['auto', 'online', 'unavailable', 'none'] as const).map((word) => ({ word, bytes: ascii(word) }));
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSE = 0x7d;
const ZERO = 0x30;
/** More digits might not be a safe integer. */
const MOST_DIGITS = 15;

/** The key must be known to be a Matrix user id that stands in JSON as it is. */
export function findSession(
  { keyBytes, keyStart, keyEnd, valueBytes: bytes, valueStart, valueEnd }: RecordSpans,
  found: FoundSession,
): boolean {
  if (keyStart < 0 || valueStart < 0) return false;
  found.isConnect = standsAt(CONNECTED, bytes, valueStart);
  if (!found.isConnect && !standsAt(DISCONNECTED, bytes, valueStart)) return false;
  let at = valueStart + (found.isConnect ? CONNECTED : DISCONNECTED).length;
  for (let key = keyStart; key < keyEnd; key += 1, at += 1) if (bytes[at] !== keyBytes[key]) return false;
  if (!standsAt(DEVICE, bytes, at)) return false;
  found.deviceStart = at + DEVICE.length;
  found.deviceEnd = endOfPlain(bytes, found.deviceStart, valueEnd);
  if (found.deviceEnd <= found.deviceStart || !standsAt(SESSION, bytes, found.deviceEnd)) return false;
  found.sessionStart = found.deviceEnd + SESSION.length;
  found.sessionEnd = endOfPlain(bytes, found.sessionStart, valueEnd);
  if (found.sessionEnd <= found.sessionStart) return false;
  return found.isConnect ? findClaim(bytes, valueEnd, found) : findAgo(bytes, valueEnd, found);
}

function findClaim(bytes: Uint8Array, end: number, found: FoundSession): boolean {
  if (!standsAt(CLAIM, bytes, found.sessionEnd)) return false;
  const at = found.sessionEnd + CLAIM.length;
  for (const { word, bytes: wanted } of CLAIMS) {
    if (!standsAt(wanted, bytes, at) || !standsAt(LEASE, bytes, at + wanted.length)) continue;
    found.claim = word;
    found.leaseMs = wholeNumber(bytes, at + wanted.length + LEASE.length, end);
    return found.leaseMs > 0;
  }
  return false;
}

function findAgo(bytes: Uint8Array, end: number, found: FoundSession): boolean {
  const at = found.sessionEnd;
  found.agoMs = -1;
  if (at + 2 === end) return bytes[at + 1] === CLOSE;
  if (!standsAt(AGO, bytes, at)) return false;
  found.agoMs = wholeNumber(bytes, at + AGO.length, end);
  return found.agoMs >= 0;
}

/** A batch's bytes may go on behind the value: whoever reads past its end finds no closing brace there. */
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

/** The digits from there to the brace that ends the value; −1 = something else. */
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
