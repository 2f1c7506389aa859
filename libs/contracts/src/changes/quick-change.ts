// `presence.changed` in the very bytes that our encoder writes: nearly every change is this record. Invariant: it finds what the
// schema gives, or nothing, which decides nothing (a property test compares them).
import { JsonBytes, ascii, type RecordSpans } from '../format/json-bytes.js';
import { FoundView, findView } from '../format/view-bytes.js';

const HEAD = ascii('{"type":"presence.changed","v":1,"user_id":"');
const LIFE = ascii(',"life":');
const VERSION = ascii(',"version":');
const AT = ascii(',"at_ts":');
const PRESENCE = ascii(',"presence":"');
const BEFORE = ascii(',"before":{"presence":"');
const TIMER = ascii('},"cause":{"timer":"');
const TIMERS = ['idle', 'active', 'lease', 'grace', 'put'].map((word) => ascii(`${word}"`));
const TOPIC = ascii('},"cause":{"topic":"');
const TOPICS = ['activity', 'commands'].map((word) => ascii(`${word}"`));
const OFFSET = ascii(',"offset":');
const APPLIED = ascii('},"applied":{');
const ACTIVITY = ascii('"activity":');
const COMMANDS = ascii('"commands":');
const NEXT_COMMANDS = ascii(',"commands":');
const CLOSE = ascii('}}');

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
