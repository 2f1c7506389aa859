// The beginning of a stored change read from its bytes, without making a string of them: whoever looks for one moment passes over
// most records. Invariant: what it finds is what the decoder gives; where it finds nothing, that decides nothing. It stands apart
// because it is written for the machine.
import type { RecordSpans } from '#libs/contracts';
import type { Presence } from '#libs/presence';

const CHANGED = ascii('{"type":"presence.changed","v":1,"user_id":"');
const FORGOTTEN = ascii('{"type":"presence.forgotten","v":1,"user_id":"');
const LIFE = ascii('","life":');
const VERSION_AFTER_LIFE = ascii(',"version":');
const VERSION = ascii('","version":');
const AT = ascii(',"at_ts":');
const PRESENCE = ascii(',"presence":"');
const PRESENCES = (['online', 'offline', 'unavailable', 'busy'] as const).map((word) => ({
  word,
  bytes: ascii(`${word}"`),
}));
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Where the reading stands; behind the last digit of a number. */
let at = 0;

export class ChangeHead {
  kind: 'changed' | 'forgotten' = 'changed';
  life = 0;
  version = 0;
  atMs = 0;
  /** Of an erasure it means nothing. */
  presence: Presence = 'offline';
  /** Behind what was read: behind the presence's quote, or the time. */
  end = 0;

  /** false = it has to be read the long way. The key must be that of the record. */
  read(spans: RecordSpans): boolean {
    const { keyStart, keyEnd, valueBytes, valueStart } = spans;
    if (keyStart < 0 || valueStart < 0 || !isPlain(spans)) return false;
    if (startsWith(valueBytes, valueStart, CHANGED)) {
      this.kind = 'changed';
      at = valueStart + CHANGED.length;
    } else if (startsWith(valueBytes, valueStart, FORGOTTEN)) {
      this.kind = 'forgotten';
      at = valueStart + FORGOTTEN.length;
    } else return false;
    for (let key = keyStart; key < keyEnd; key += 1, at += 1) if (spans.keyBytes[key] !== valueBytes[at]) return false;
    const isRead = this.#readNumbers(valueBytes) && at <= spans.valueEnd;
    this.end = at;
    return isRead;
  }

  #readNumbers(bytes: Uint8Array): boolean {
    this.life = 0;
    if (startsWith(bytes, at, LIFE)) {
      at += LIFE.length;
      this.life = wholeNumber(bytes);
      if (!startsWith(bytes, at, VERSION_AFTER_LIFE)) return false;
      at += VERSION_AFTER_LIFE.length;
    } else if (startsWith(bytes, at, VERSION)) at += VERSION.length;
    else return false;
    this.version = wholeNumber(bytes);
    if (!startsWith(bytes, at, AT)) return false;
    at += AT.length;
    this.atMs = wholeNumber(bytes);
    if (Number.isNaN(this.life + this.version + this.atMs)) return false;
    return this.kind === 'forgotten' || this.#readPresence(bytes);
  }

  #readPresence(bytes: Uint8Array): boolean {
    if (!startsWith(bytes, at, PRESENCE)) return false;
    for (const { word, bytes: wanted } of PRESENCES) {
      if (!startsWith(bytes, at + PRESENCE.length, wanted)) continue;
      this.presence = word;
      at += PRESENCE.length + wanted.length;
      return true;
    }
    return false;
  }
}

/** A key with letters that JSON writes otherwise is not found in the value as it is. */
function isPlain({ keyBytes, keyStart, keyEnd }: RecordSpans): boolean {
  for (let key = keyStart; key < keyEnd; key += 1)
    if (keyBytes[key] === QUOTE || keyBytes[key] === BACKSLASH) return false;
  return true;
}

function startsWith(bytes: Uint8Array, from: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index += 1) if (bytes[from + index] !== wanted[index]) return false;
  return true;
}

/** NaN = no number of JSON, or too many digits for a safe integer. */
function wholeNumber(bytes: Uint8Array): number {
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at += 1;
  const first = at;
  let value = 0;
  for (; bytes[at]! >= ZERO && bytes[at]! <= NINE; at += 1) value = value * 10 + bytes[at]! - ZERO;
  const digits = at - first;
  if (digits === 0 || digits > 15 || (bytes[first] === ZERO && (digits > 1 || isNegative))) return NaN;
  return isNegative ? -value : value;
}
