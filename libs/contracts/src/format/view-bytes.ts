// A view in the very bytes that our encoders write: in states and changes the same four fields. Invariant: as with all that is read
// from these bytes, what is found is what the schema gives, or the reading has failed.
import { MAX_STATUS_BYTES } from '#libs/matrix';
import type { Presence } from '#libs/presence';
import { Piece, type JsonBytes } from './json-bytes.js';

const PRESENCES: readonly Presence[] = ['online', 'offline', 'unavailable', 'busy'];
const PRESENCE_BYTES = PRESENCES.map((word) => new Piece(`${word}"`));
const STATUS = new Piece(',"status_msg":"');
const CURRENTLY_ACTIVE = new Piece(',"currently_active":');
const FLAGS = [new Piece('false'), new Piece('true')];
const LAST_ACTIVE = new Piece(',"last_active_ts":');

/** Used again for every record. */
export class FoundView {
  presence: Presence = 'offline';
  /** Where the message lies; −1 = there is none. */
  statusStart = -1;
  statusEnd = -1;
  isCurrentlyActive = false;
  /** NaN = absent. */
  lastActiveAtMs = Number.NaN;
}

/** Passes one of the words and its closing quote. */
export function requirePresence(json: JsonBytes): Presence {
  return PRESENCES[json.requireOneOf(PRESENCE_BYTES)]!;
}

/** From behind `"presence":"` on. */
export function findView(json: JsonBytes, found: FoundView): void {
  found.presence = requirePresence(json);
  const statusBytes = json.passes(STATUS) ? json.requireText() : 0;
  if (statusBytes > MAX_STATUS_BYTES) json.failed = true;
  found.statusStart = statusBytes > 0 ? json.textStart : -1;
  found.statusEnd = json.textEnd;
  json.require(CURRENTLY_ACTIVE);
  found.isCurrentlyActive = json.requireOneOf(FLAGS) === 1;
  found.lastActiveAtMs = json.optionalNumber(LAST_ACTIVE);
}
