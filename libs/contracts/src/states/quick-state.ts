// `presence.state` in the very bytes that our encoder writes: every reader of states takes one a change, a take-over one a user.
// Invariant: it finds what the schema gives, or nothing, which decides nothing (a property test compares them).
import { JsonBytes, Piece, type RecordSpans } from '../format/json-bytes.js';
import { FoundView, findView } from '../format/view-bytes.js';

const HEAD = new Piece('{"type":"presence.state","v":1,"user_id":"');
const LIFE = new Piece(',"life":');
const VERSION = new Piece(',"version":');
const CHANGED = new Piece(',"changed_ts":');
const PRESENCE = new Piece(',"presence":"');
const CLOSE = new Piece('}');

/** Used again for every record. */
export class FoundState extends FoundView {
  life = 0;
  version = 0;
  changedAtMs = Number.NaN;
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
  findView(json, found);
  json.require(CLOSE);
  found.hasHigh = json.hasHigh;
  return json.isWhole && found.version >= 1 && found.life >= 0;
}
