// `presence.changed` in the very bytes that our encoder writes: nearly every change is this record. Invariant: it finds what the
// schema gives, or nothing, which decides nothing (a property test compares them).
import { JsonBytes, Piece, type RecordSpans } from '../format/json-bytes.js';
import { FoundView, findView } from '../format/view-bytes.js';

const HEAD = new Piece('{"type":"presence.changed","v":1,"user_id":"');
const LIFE = new Piece(',"life":');
const VERSION = new Piece(',"version":');
const AT = new Piece(',"at_ts":');
const PRESENCE = new Piece(',"presence":"');
const BEFORE = new Piece(',"before":{"presence":"');
const TIMER = new Piece('},"cause":{"timer":"');
const TIMERS = ['idle', 'active', 'lease', 'grace', 'put'].map((word) => new Piece(`${word}"`));
const TOPIC = new Piece('},"cause":{"topic":"');
const TOPICS = ['activity', 'commands'].map((word) => new Piece(`${word}"`));
const OFFSET = new Piece(',"offset":');
const APPLIED = new Piece('},"applied":{');
const ACTIVITY = new Piece('"activity":');
const COMMANDS = new Piece('"commands":');
const NEXT_COMMANDS = new Piece(',"commands":');
const CLOSE = new Piece('}}');

/** What was found; used again for every record. Of the view before, the cause and what was applied only that they are sound. */
export class FoundChange extends FoundView {
  life = 0;
  version = 0;
  atMs = 0;
  /** A message is not ASCII: whether it is UTF-8 is for others to ask. */
  hasHigh = false;
}

const json = new JsonBytes();
const before = new FoundView();

/** The key must be known to be a Matrix user id, and is ASCII where something is found. false = nothing was. */
export function findChange(record: RecordSpans, found: FoundChange): boolean {
  if (!json.opens(record, HEAD) || json.hasHigh) return false;
  const life = json.optionalNumber(LIFE);
  found.life = Number.isNaN(life) ? 0 : life;
  found.version = json.requireNumber(VERSION);
  found.atMs = json.requireNumber(AT);
  json.require(PRESENCE);
  findView(json, found);
  json.require(BEFORE);
  findView(json, before);
  passCause();
  passApplied();
  json.require(CLOSE);
  found.hasHigh = json.hasHigh;
  return json.isWhole && found.life >= 0 && found.version >= 1;
}

function passCause(): void {
  if (json.passes(TIMER)) {
    json.requireOneOf(TIMERS);
    return;
  }
  json.require(TOPIC);
  json.requireOneOf(TOPICS);
  if (json.requireNumber(OFFSET) < 0) json.failed = true;
}

function passApplied(): void {
  json.require(APPLIED);
  const activity = json.optionalNumber(ACTIVITY);
  const commands = json.optionalNumber(Number.isNaN(activity) ? COMMANDS : NEXT_COMMANDS);
  if (activity < 0 || commands < 0) json.failed = true;
}
