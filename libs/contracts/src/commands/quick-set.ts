// `presence.set` in the very bytes that our encoder writes: nearly every command is this record. Invariant: it finds what the
// schema gives, or nothing, which decides nothing (a property test compares them).
import { MAX_STATUS_BYTES } from '#libs/matrix';
import type { Presence } from '#libs/presence';
import { JsonBytes, Piece, type RecordSpans } from '../format/json-bytes.js';
import { requirePresence } from '../format/view-bytes.js';

const HEAD = new Piece('{"type":"presence.set","v":1,"user_id":"');
const DEVICE = new Piece(',"device_id":"');
const PRESENCE = new Piece(',"presence":"');
const STATUS = new Piece(',"status_msg":"');
const CLOSE = new Piece('}');

/** What was found; used again for every record. */
export class FoundSet {
  deviceStart = -1;
  deviceEnd = -1;
  presence: Presence = 'offline';
  /** Nothing between them = it clears the message. */
  messageStart = -1;
  messageEnd = -1;
  /** The device or the message is not ASCII: whether it is UTF-8 is for others to ask. */
  hasHigh = false;
}

const json = new JsonBytes();

/** The key must be known to be a Matrix user id. false = nothing was found. */
export function findSet(record: RecordSpans, found: FoundSet): boolean {
  if (!json.opens(record, HEAD)) return false;
  json.require(DEVICE);
  const deviceBytes = json.requireText();
  found.deviceStart = json.textStart;
  found.deviceEnd = json.textEnd;
  json.require(PRESENCE);
  found.presence = requirePresence(json);
  const messageBytes = json.passes(STATUS) ? json.requireText() : 0;
  found.messageEnd = json.textEnd;
  found.messageStart = found.messageEnd - messageBytes;
  json.require(CLOSE);
  found.hasHigh = json.hasHigh;
  return json.isWhole && deviceBytes > 0 && messageBytes <= MAX_STATUS_BYTES;
}
