// What a take-over needs of `presence.state`, in the very bytes that our encoder writes: two times. Invariant: it finds what the
// schema gives, or nothing, which decides nothing (a property test compares them).
import { MAX_STATUS_BYTES } from '#libs/matrix';
import { JsonBytes, ascii, type RecordSpans } from '../format/json-bytes.js';

const HEAD = ascii('{"type":"presence.state","v":1,"user_id":"');
const LIFE = ascii(',"life":');
const VERSION = ascii(',"version":');
const CHANGED = ascii(',"changed_ts":');
const PRESENCE = ascii(',"presence":"');
const PRESENCES = ['online', 'offline', 'unavailable', 'busy'].map((word) => ascii(`${word}"`));
const STATUS = ascii(',"status_msg":"');
const CURRENTLY_ACTIVE = ascii(',"currently_active":');
const FLAGS = [ascii('false'), ascii('true')];
const LAST_ACTIVE = ascii(',"last_active_ts":');
const CLOSE = ascii('}');

/** Used again for every record. */
export class FoundState {
  changedAtMs = Number.NaN;
  /** NaN = absent. */
  lastActiveAtMs = Number.NaN;
  /** The message is not ASCII: whether it is UTF-8 is for others to ask. */
  hasHigh = false;
}

const json = new JsonBytes();

/** The key must be known to be a Matrix user id. false = nothing was found. */
export function findState(record: RecordSpans, found: FoundState): boolean {
  if (!json.opens(record, HEAD)) return false;
  const life = json.optionalNumber(LIFE);
  const version = json.requireNumber(VERSION);
  found.changedAtMs = json.requireNumber(CHANGED);
  json.require(PRESENCE);
  json.requireOneOf(PRESENCES);
  const isLong = json.passes(STATUS) && json.requireText() > MAX_STATUS_BYTES;
  json.require(CURRENTLY_ACTIVE);
  json.requireOneOf(FLAGS);
  found.lastActiveAtMs = json.optionalNumber(LAST_ACTIVE);
  json.require(CLOSE);
  found.hasHigh = json.hasHigh;
  return json.isWhole && version >= 1 && !(life < 0) && !isLong;
}
