// `device.active` in the very bytes that our encoder writes, read without a JSON parser: nine of ten inputs are this
// record. Invariant: it gives what the schema gives, or undefined, which decides nothing (a property test compares them).
// It stands apart because it is written for the machine.
import { isUserId } from '#libs/matrix';
import { type ActivityRecord } from './activity-record.js';

const HEAD = '{"type":"device.active","v":1,"user_id":"';
const DEVICE = '","device_id":"';
const AGO = ',"ago_ms":';
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const CLOSE = 0x7d;
const COMMA = 0x2c;
/** Longer pieces of a string keep the whole record's text alive in V8; those go the long way, which copies. */
const LONGEST_PIECE = 12;
/** More digits might not be a safe integer. */
const MOST_DIGITS = 15;

export function quickActive(text: string, key: string): ActivityRecord | undefined {
  const user = HEAD.length;
  if (!text.startsWith(key, user) || !text.startsWith(HEAD) || !isPlain(key) || !isUserId(key)) return undefined;
  let at = user + key.length;
  let deviceId: string | undefined;
  if (text.startsWith(DEVICE, at)) {
    const from = at + DEVICE.length;
    at = endOfPiece(text, from);
    if (at <= from) return undefined;
    deviceId = text.slice(from, at);
  }
  if (text.charCodeAt(at) !== QUOTE) return undefined;
  at += 1;
  const last = text.charCodeAt(at);
  if (last === CLOSE && at === text.length - 1)
    return {
      userId: key,
      input: deviceId === undefined ? { type: 'device.active' } : { type: 'device.active', deviceId },
    };
  if (last !== COMMA || !text.startsWith(AGO, at)) return undefined;
  const agoMs = wholeNumber(text, at + AGO.length);
  if (agoMs < 0) return undefined;
  return {
    userId: key,
    input: deviceId === undefined ? { type: 'device.active', agoMs } : { type: 'device.active', deviceId, agoMs },
  };
}

/** Nothing in it that JSON would write otherwise, or that is not ASCII. */
function isPlain(key: string): boolean {
  for (let index = 0; index < key.length; index += 1) {
    const unit = key.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) return false;
  }
  return true;
}

/** The index of the quote that ends a plain ASCII piece; 0 = not such a piece. */
function endOfPiece(text: string, from: number): number {
  for (let index = from; index <= from + LONGEST_PIECE; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit === QUOTE) return index;
    // NaN, past the end, is none of these either.
    if (!(unit >= 0x20 && unit <= 0x7e) || unit === BACKSLASH) return 0;
  }
  return 0;
}

/** The digits from there to the closing brace; −1 = something else. */
function wholeNumber(text: string, from: number): number {
  const end = text.length - 1;
  const digits = end - from;
  if (digits < 1 || digits > MOST_DIGITS || text.charCodeAt(end) !== CLOSE) return -1;
  if (digits > 1 && text.charCodeAt(from) === 0x30) return -1;
  let value = 0;
  for (let index = from; index < end; index += 1) {
    const digit = text.charCodeAt(index) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
  }
  return value;
}
