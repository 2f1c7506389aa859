// `presence.registers` in the very bytes that our encoder writes, found without a JSON parser: a take-over reads one of every
// user. Invariant: it finds what the schema gives, or nothing, which decides nothing (a property test compares them); what
// was found lies in the bytes until they are used for something else.
import type { Claim, Presence, TextFound } from '#libs/presence';
import { JsonBytes, Piece, type RecordSpans } from '../format/json-bytes.js';
import { type FoundRegisters, newDevice, newPut, newSession } from './found-registers.js';

const HEAD = new Piece('{"type":"presence.registers","v":1,"user_id":"');
const LIFE = new Piece(',"life":');
const VERSION = new Piece(',"version":');
const PRESENCE = new Piece(',"presence":"');
const CURRENTLY_ACTIVE = new Piece(',"currently_active":');
const STATUS = new Piece(',"status_msg":"');
const FROZEN = new Piece(',"frozen_active_ts":');
const EVALUATED = new Piece(',"evaluated_ts":');
const FORGOTTEN = new Piece(',"forgotten_ts":');
const CHANGED = new Piece(',"changed_ts":');
const CHANGED_ACTIVE = new Piece(',"changed_active_ts":');
const STATE = new Piece(',"state":{');
const STATE_ACTIVE = new Piece('"last_active_ts":');
const ACTIVITY = new Piece(',"activity":{"offset":');
const FIRST = new Piece(',"first_ts":');
const REACHED = new Piece(',"reached_ts":');
const ANY_DEVICE = new Piece(',"any_device_active_ts":');
const LAST_ACTIVE = new Piece(',"last_active_ts":');
const DEVICES = new Piece(',"devices":[');
const COMMANDS = new Piece(',"commands":{"offset":');
const OVERRIDE = new Piece(',"override":"');
const PUTS = new Piece(',"puts":[');
const LIST_END = new Piece(']}');
const DEVICE = new Piece('{"device_id":"');
const NEXT_DEVICE = new Piece(',{"device_id":"');
const LIVE_SINCE = new Piece(',"live_since_ts":');
const ACTIVE = new Piece(',"active_ts":');
const WITHDRAWN = new Piece(',"withdrawn_ts":');
const SESSIONS = new Piece(',"sessions":[');
const SESSION = new Piece('{"session_id":"');
const NEXT_SESSION = new Piece(',{"session_id":"');
const CLAIM = new Piece(',"claim":"');
const CLAIM_AT = new Piece(',"claim_ts":');
const CONNECTED = new Piece(',"connected_ts":');
const LIVE_UNTIL = new Piece(',"live_until_ts":');
const OPEN = new Piece(',"open":');
const AT = new Piece(',"at_ts":');
const CLOSE = new Piece('}');

const PRESENCES: readonly Presence[] = ['online', 'offline', 'unavailable', 'busy'];
const PRESENCE_BYTES = PRESENCES.map((word) => new Piece(`${word}"`));
const CLAIMS: readonly Claim[] = ['auto', 'online', 'unavailable', 'none'];
const CLAIM_BYTES = CLAIMS.map((word) => new Piece(`${word}"`));
const FLAGS = [new Piece('false'), new Piece('true')];

const json = new JsonBytes();

/** false = nothing was found. */
export function findRegisters(record: RecordSpans, found: FoundRegisters): boolean {
  if (!json.opens(record, HEAD)) return false;
  found.bytes = record.valueBytes;
  findShown(found);
  findActivity(found);
  findCommands(found);
  json.require(CLOSE);
  found.hasHigh = json.hasHigh;
  return json.isWhole;
}

function findShown(found: FoundRegisters): void {
  const life = json.optionalNumber(LIFE);
  found.life = Number.isNaN(life) ? 0 : life;
  found.version = json.requireNumber(VERSION);
  json.require(PRESENCE);
  found.presence = PRESENCES[json.requireOneOf(PRESENCE_BYTES)]!;
  json.require(CURRENTLY_ACTIVE);
  found.currentlyActive = json.requireOneOf(FLAGS) === 1;
  findMessage(found.toldMessage);
  found.frozenActiveAtMs = json.optionalNumber(FROZEN);
  found.evaluatedAtMs = json.optionalNumber(EVALUATED);
  found.forgottenAtMs = json.optionalNumber(FORGOTTEN);
  found.changedAtMs = json.optionalNumber(CHANGED);
  found.changedActiveAtMs = json.optionalNumber(CHANGED_ACTIVE);
  found.knowsState = json.passes(STATE);
  if (!found.knowsState) return;
  found.stateActiveAtMs = json.optionalNumber(STATE_ACTIVE);
  json.require(CLOSE);
}

function findActivity(found: FoundRegisters): void {
  const { activity } = found;
  activity.offset = json.requireNumber(ACTIVITY);
  activity.firstAtMs = json.optionalNumber(FIRST);
  activity.reachedMs = json.optionalNumber(REACHED);
  activity.anyDeviceActiveAtMs = json.optionalNumber(ANY_DEVICE);
  activity.lastActiveAtMs = json.optionalNumber(LAST_ACTIVE);
  found.deviceCount = 0;
  found.sessionCount = 0;
  json.require(DEVICES);
  if (json.passes(DEVICE)) {
    do findDevice(found);
    while (json.passes(NEXT_DEVICE));
  }
  json.require(LIST_END);
}

function findDevice(found: FoundRegisters): void {
  const device = (found.devices[found.deviceCount] ??= newDevice());
  found.deviceCount += 1;
  findText(device);
  device.liveSinceMs = json.optionalNumber(LIVE_SINCE);
  device.activeAtMs = json.optionalNumber(ACTIVE);
  device.withdrawnAtMs = json.optionalNumber(WITHDRAWN);
  json.require(SESSIONS);
  const before = found.sessionCount;
  if (json.passes(SESSION)) {
    do findSession(found);
    while (json.passes(NEXT_SESSION));
  }
  device.sessions = found.sessionCount - before;
  json.require(LIST_END);
}

function findSession(found: FoundRegisters): void {
  const session = (found.sessions[found.sessionCount] ??= newSession());
  found.sessionCount += 1;
  findText(session);
  json.require(CLAIM);
  session.claim = CLAIMS[json.requireOneOf(CLAIM_BYTES)]!;
  session.claimAtMs = json.requireNumber(CLAIM_AT);
  session.connectedAtMs = json.requireNumber(CONNECTED);
  session.liveUntilMs = json.requireNumber(LIVE_UNTIL);
  json.require(OPEN);
  session.open = json.requireOneOf(FLAGS) === 1;
  json.require(CLOSE);
}

function findCommands(found: FoundRegisters): void {
  const { commands } = found;
  commands.offset = json.requireNumber(COMMANDS);
  commands.firstAtMs = json.optionalNumber(FIRST);
  commands.lastActiveAtMs = json.optionalNumber(LAST_ACTIVE);
  findMessage(commands.message);
  commands.override = json.passes(OVERRIDE) ? PRESENCES[json.requireOneOf(PRESENCE_BYTES)] : undefined;
  found.putCount = 0;
  json.require(PUTS);
  if (json.passes(DEVICE)) {
    do findPut(found);
    while (json.passes(NEXT_DEVICE));
  }
  json.require(LIST_END);
}

function findPut(found: FoundRegisters): void {
  const put = (found.puts[found.putCount] ??= newPut());
  found.putCount += 1;
  findText(put);
  json.require(PRESENCE);
  put.presence = PRESENCES[json.requireOneOf(PRESENCE_BYTES)]!;
  put.atMs = json.requireNumber(AT);
  put.activeAtMs = json.optionalNumber(ACTIVE);
  json.require(CLOSE);
}

function findMessage(text: TextFound): void {
  if (json.passes(STATUS)) findText(text);
  else text.start = text.end = -1;
}

function findText(text: TextFound): void {
  json.requireText();
  text.start = json.textStart;
  text.end = json.textEnd;
}
