// When a stored change was, read from its bytes without making a string of them: whoever looks for one moment passes over most
// records. Invariant: it gives what the decoder gives, or NaN, which decides nothing. It stands apart because it is written for the
// machine.

const CHANGED = ascii('{"type":"presence.changed","v":1,"user_id":"');
const FORGOTTEN = ascii('{"type":"presence.forgotten","v":1,"user_id":"');
const LIFE = ascii('","life":');
const VERSION_AFTER_LIFE = ascii(',"version":');
const VERSION = ascii('","version":');
const AT = ascii(',"at_ts":');
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** `at_ts` of a change in our own encoding; NaN = it has to be read the long way. */
export function quickAtMs(value: Uint8Array, key: Uint8Array): number {
  const head = startsWith(value, 0, CHANGED) ? CHANGED.length : startsWith(value, 0, FORGOTTEN) ? FORGOTTEN.length : -1;
  if (head < 0) return NaN;
  let at = head + key.length;
  if (startsWith(value, at, LIFE)) {
    at = pastDigits(value, at + LIFE.length);
    if (!startsWith(value, at, VERSION_AFTER_LIFE)) return NaN;
    at += VERSION_AFTER_LIFE.length;
  } else if (startsWith(value, at, VERSION)) at += VERSION.length;
  else return NaN;
  at = pastDigits(value, at);
  return startsWith(value, at, AT) ? wholeNumber(value, at + AT.length) : NaN;
}

function startsWith(bytes: Uint8Array, from: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index += 1) if (bytes[from + index] !== wanted[index]) return false;
  return true;
}

function pastDigits(bytes: Uint8Array, from: number): number {
  let at = from;
  while (bytes[at]! >= ZERO && bytes[at]! <= NINE) at += 1;
  return at;
}

function wholeNumber(bytes: Uint8Array, from: number): number {
  const isNegative = bytes[from] === MINUS;
  let value = 0;
  let at = isNegative ? from + 1 : from;
  const first = at;
  for (; bytes[at]! >= ZERO && bytes[at]! <= NINE; at += 1) value = value * 10 + bytes[at]! - ZERO;
  if (at === first) return NaN;
  return isNegative ? -value : value;
}
