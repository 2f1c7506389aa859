// A change as the inputs make it against the bytes of a stored one, piece by piece: no text is made of either. Invariant: true means
// that they say the same; false decides nothing, and the texts are compared. It stands apart because it is written for the machine.
import { ascii, type InputWord, type RecordSpans } from '#libs/contracts';
import type { Change, Timer, View } from '#libs/presence';
import type { ChangeHead } from '../looking/change-head.js';

const MESSAGE = ascii(',"status_msg":"');
const ACTIVE = ascii(',"currently_active":true');
const NOT_ACTIVE = ascii(',"currently_active":false');
const LAST_ACTIVE = ascii(',"last_active_ts":');
const BEFORE = {
  online: ascii(',"before":{"presence":"online"'),
  unavailable: ascii(',"before":{"presence":"unavailable"'),
  offline: ascii(',"before":{"presence":"offline"'),
  busy: ascii(',"before":{"presence":"busy"'),
} as const;
const END_OF_BEFORE = ascii('}');
const TIMERS = {
  idle: ascii(',"cause":{"timer":"idle"}'),
  active: ascii(',"cause":{"timer":"active"}'),
  lease: ascii(',"cause":{"timer":"lease"}'),
  grace: ascii(',"cause":{"timer":"grace"}'),
  put: ascii(',"cause":{"timer":"put"}'),
} as const;
const TOPICS = {
  activity: ascii(',"cause":{"topic":"activity","offset":'),
  commands: ascii(',"cause":{"topic":"commands","offset":'),
} as const;
const END_OF_CAUSE = ascii('}');
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const NINE = 0x39;

export interface MadeBy {
  readonly timer: Timer | undefined;
  /** Of the input, where no timer made it. */
  readonly topic: InputWord;
  readonly offset: number;
}

/** Where the comparison stands. */
let at = 0;

/**
 * `head` is that of the record, read already; `end` is where `,"applied":` begins. Whose change it is and what `applied` says is
 * compared by the caller.
 */
export function isWrittenAs(
  { valueBytes }: RecordSpans,
  head: ChangeHead,
  { end, change, by }: { readonly end: number; readonly change: Change; readonly by: MadeBy },
): boolean {
  if (head.kind !== change.kind || head.life !== change.life) return false;
  if (head.version !== change.version || head.atMs !== change.atMs) return false;
  at = head.end;
  if (change.kind === 'changed') {
    const { view, before } = change;
    if (head.presence !== view.presence || !eatView(valueBytes, view)) return false;
    if (!eat(valueBytes, BEFORE[before.presence]) || !eatView(valueBytes, before)) return false;
    if (!eat(valueBytes, END_OF_BEFORE)) return false;
  }
  return eatCause(valueBytes, by) && at === end;
}

/** What follows the presence. */
function eatView(bytes: Uint8Array, { statusMsg, currentlyActive, lastActiveAtMs }: View): boolean {
  if (statusMsg !== undefined && !(eat(bytes, MESSAGE) && eatText(bytes, statusMsg))) return false;
  if (!eat(bytes, currentlyActive ? ACTIVE : NOT_ACTIVE)) return false;
  return lastActiveAtMs === undefined || (eat(bytes, LAST_ACTIVE) && eatNumber(bytes, lastActiveAtMs));
}

function eatCause(bytes: Uint8Array, { timer, topic, offset }: MadeBy): boolean {
  if (timer !== undefined) return eat(bytes, TIMERS[timer]);
  return eat(bytes, TOPICS[topic]) && eatNumber(bytes, offset) && eat(bytes, END_OF_CAUSE);
}

function eat(bytes: Uint8Array, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index += 1) if (bytes[at + index] !== wanted[index]) return false;
  at += wanted.length;
  return true;
}

/** Plain ASCII and the quote that ends it. */
function eatText(bytes: Uint8Array, text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH || bytes[at + index] !== unit) return false;
  }
  at += text.length + 1;
  return bytes[at - 1] === QUOTE;
}

/** A whole number from 0 on, as JSON writes it. */
function eatNumber(bytes: Uint8Array, wanted: number): boolean {
  const first = at;
  let value = 0;
  for (; bytes[at]! >= ZERO && bytes[at]! <= NINE; at += 1) value = value * 10 + bytes[at]! - ZERO;
  return value === wanted && at > first && (bytes[first] !== ZERO || at === first + 1);
}
