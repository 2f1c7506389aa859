// `presence.state` in the very bytes that our encoder writes: every reader of states takes one a change, a take-over one a user.
// Invariant: it finds what the schema gives, or nothing, which decides nothing (a property test compares them).
import { MAX_STATUS_BYTES } from '#libs/matrix';
import type { Presence } from '#libs/presence';
import { JsonBytes, ascii, type RecordSpans } from '../format/json-bytes.js';

const HEAD = ascii('{"type":"presence.state","v":1,"user_id":"');
const LIFE = ascii(',"life":');
const VERSION = ascii(',"version":');
const CHANGED = ascii(',"changed_ts":');
const PRESENCE = ascii(',"presence":"');
const PRESENCES: readonly Presence[] = ['online', 'offline', 'unavailable', 'busy'];
const PRESENCE_BYTES = PRESENCES.map((word) => ascii(`${word}"`));
const STATUS = ascii(',"status_msg":"');
const CURRENTLY_ACTIVE = ascii(',"currently_active":');
const FLAGS = [ascii('false'), ascii('true')];
const LAST_ACTIVE = ascii(',"last_active_ts":');
const CLOSE = ascii('}');

/** Used again for every record. */
export class FoundState {
  life = 0;
  version = 0;
  changedAtMs = Number.NaN;
  presence: Presence = 'offline';
  /** Where the message lies; −1 = there is none. */
  statusStart = -1;
  statusEnd = -1;
  isCurrentlyActive = false;
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
  found.life = Number.isNaN(life) ? 0 : life;
  found.version = json.requireNumber(VERSION);
  found.changedAtMs = json.requireNumber(CHANGED);
  json.require(PRESENCE);
  found.presence = PRESENCES[json.requireOneOf(PRESENCE_BYTES)]!;
  const statusBytes = json.passes(STATUS) ? json.requireText() : 0;
  found.statusStart = statusBytes > 0 ? json.textStart : -1;
  found.statusEnd = json.textEnd;
  json.require(CURRENTLY_ACTIVE);
  found.isCurrentlyActive = json.requireOneOf(FLAGS) === 1;
  found.lastActiveAtMs = json.optionalNumber(LAST_ACTIVE);
  json.require(CLOSE);
  found.hasHigh = json.hasHigh;
  return json.isWhole && found.version >= 1 && found.life >= 0 && statusBytes <= MAX_STATUS_BYTES;
}
