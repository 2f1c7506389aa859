// Where the entries and recipients of a frame lie, in the very bytes that our builder writes: no text is made of a recipient.
// Invariant: what is found is what the schema gives once the heads are decoded, or nothing is found, which decides nothing.
import { ascii } from '../format/json-bytes.js';
import { FRAME_ENTRY_TAIL, frameText } from './frame.js';

const [OPENING, CLOSING] = frameText(['\0']).split('\0').map(ascii) as [Uint8Array, Uint8Array];
const TAIL = ascii(FRAME_ENTRY_TAIL);
const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [BRACKET, BRACKET_END, BRACE, BRACE_END] = [0x5b, 0x5d, 0x7b, 0x7d];
const [LOWER_T, LOWER_O] = [0x74, 0x6f];

/** Whoever numbers users by the bytes of their ids. */
export interface UserNumbers {
  /** The number of the user whose quoted id begins here, after the quote; below 0 = it is no user id in plain ASCII. */
  numberAt(bytes: Uint8Array, start: number): number;
  /** Where the closing quote of that one stands. */
  readonly end: number;
}

/** Used again for every frame. */
export class FoundFrame {
  entries = 0;
  /** Of each entry: its text up to its first recipient. */
  readonly headStarts: number[] = [];
  readonly headEnds: number[] = [];
  /** Numbers of recipients, and where those of each entry begin and end: entries told to the same people have them in common. */
  recipients = new Int32Array(256);
  readonly recipientStarts: number[] = [];
  readonly recipientEnds: number[] = [];
  count = 0;

  clear(): void {
    this.entries = 0;
    this.count = 0;
  }

  add(recipient: number): void {
    if (this.count === this.recipients.length) {
      const grown = new Int32Array(this.count * 2);
      grown.set(this.recipients);
      this.recipients = grown;
    }
    this.recipients[this.count++] = recipient;
  }

  end(headStart: number, headEnd: number, firstRecipient: number): void {
    this.headStarts[this.entries] = headStart;
    this.headEnds[this.entries] = headEnd;
    this.recipientStarts[this.entries] = firstRecipient;
    this.recipientEnds[this.entries] = this.count;
    this.entries++;
  }
}

/** The bytes must be known to be UTF-8. false = nothing was found. */
export function findFrame(bytes: Uint8Array, users: UserNumbers, found: FoundFrame): boolean {
  found.clear();
  if (!stands(bytes, 0, OPENING)) return false;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Of the last list of recipients: where it stood, up to and with its tail, and where its numbers are.
  let [listAt, listBytes, firstRecipient] = [0, 0, 0];
  for (let at = OPENING.length; ;) {
    const headEnd = headEndOf(bytes, at);
    if (headEnd < 0) return false;
    if (listBytes === 0 || !repeats(words, listAt, headEnd, listBytes)) {
      firstRecipient = found.count;
      const end = takeRecipients(bytes, headEnd, users, found);
      if (end < 0 || !stands(bytes, end, TAIL)) return false;
      listAt = headEnd;
      listBytes = end + TAIL.length - headEnd;
    }
    found.end(at, headEnd, firstRecipient);
    at = headEnd + listBytes;
    if (bytes[at] !== COMMA) return at + CLOSING.length === bytes.length && stands(bytes, at, CLOSING);
    at++;
  }
}

/** After `"to":[` of the entry that begins here; −1 = it is not written as ours are, flat and with its recipients last. */
function headEndOf(bytes: Uint8Array, start: number): number {
  if (bytes[start] !== BRACE) return -1;
  for (let at = start + 1; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === BRACE || byte === BRACE_END || byte === BRACKET || byte === BRACKET_END) return -1;
    if (byte !== QUOTE) continue;
    const from = at + 1;
    for (at = from; bytes[at] !== QUOTE; at++) {
      if (at >= bytes.length) return -1;
      if (bytes[at] === BACKSLASH) at++;
    }
    if (bytes[at + 1] !== COLON || bytes[at + 2] !== BRACKET) continue;
    return at === from + 2 && bytes[from] === LOWER_T && bytes[from + 1] === LOWER_O ? at + 3 : -1;
  }
  return -1;
}

/** The place of what follows the last of them; −1 = there is none, or one stands there otherwise than ours. */
function takeRecipients(bytes: Uint8Array, start: number, users: UserNumbers, found: FoundFrame): number {
  for (let at = start; bytes[at] === QUOTE; at++) {
    const number = users.numberAt(bytes, at + 1);
    if (number < 0) return -1;
    found.add(number);
    at = users.end + 1;
    if (bytes[at] !== COMMA) return at;
  }
  return -1;
}

/** Whether so many bytes stand there as well: four at a time, since a list may be as long as a room is large. */
function repeats(words: DataView, at: number, there: number, length: number): boolean {
  if (there + length > words.byteLength) return false;
  let index = 0;
  for (; index + 4 <= length; index += 4)
    if (words.getInt32(at + index) !== words.getInt32(there + index)) return false;
  for (; index < length; index++) if (words.getInt8(at + index) !== words.getInt8(there + index)) return false;
  return true;
}

function stands(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}
