// `presence.registers` in the very bytes that our encoder writes, found without a JSON parser: a take-over reads one of every
// user. Invariant: it finds what the schema gives, or nothing, which decides nothing (a property test compares them); what
// was found lies in the bytes until they are used for something else.
import type { Claim, Presence, TextFound } from '#libs/presence';
import { JsonBytes, ascii, type RecordSpans } from '../format/json-bytes.js';
import { type FoundRegisters, newDevice, newPut, newSession } from './found-registers.js';

const HEAD = ascii('{"type":"presence.registers","v":1,"user_id":"');
const LIFE = ascii(',"life":');
const VERSION = ascii(',"version":');
const PRESENCE = ascii(',"presence":"');
const CURRENTLY_ACTIVE = ascii(',"currently_active":');
const STATUS = ascii(',"status_msg":"');
const FROZEN = ascii(',"frozen_active_ts":');
const EVALUATED = ascii(',"evaluated_ts":');
const FORGOTTEN = ascii(',"forgotten_ts":');
const CHANGED = ascii(',"changed_ts":');
const CHANGED_ACTIVE = ascii(',"changed_active_ts":');
const ACTIVITY = ascii(',"activity":{"offset":');
const FIRST = ascii(',"first_ts":');
const REACHED = ascii(',"reached_ts":');
const ANY_DEVICE = ascii(',"any_device_active_ts":');
const LAST_ACTIVE = ascii(',"last_active_ts":');
const DEVICES = ascii(',"devices":[');
const COMMANDS = ascii(',"commands":{"offset":');
const OVERRIDE = ascii(',"override":"');
const PUTS = ascii(',"puts":[');
const LIST_END = ascii(']}');
const DEVICE = ascii('{"device_id":"');
const NEXT_DEVICE = ascii(',{"device_id":"');
const LIVE_SINCE = ascii(',"live_since_ts":');
const ACTIVE = ascii(',"active_ts":');
const WITHDRAWN = ascii(',"withdrawn_ts":');
const SESSIONS = ascii(',"sessions":[');
const SESSION = ascii('{"session_id":"');
const NEXT_SESSION = ascii(',{"session_id":"');
const CLAIM = ascii(',"claim":"');
const CLAIM_AT = ascii(',"claim_ts":');
const CONNECTED = ascii(',"connected_ts":');
const LIVE_UNTIL = ascii(',"live_until_ts":');
const OPEN = ascii(',"open":');
const AT = ascii(',"at_ts":');
const CLOSE = ascii('}');

const PRESENCES: readonly Presence[] = ['online', 'offline', 'unavailable', 'busy'];
const PRESENCE_BYTES = PRESENCES.map((word) => ascii(`${word}"`));
const CLAIMS: readonly Claim[] = ['auto', 'online', 'unavailable', 'none'];
const CLAIM_BYTES = CLAIMS.map((word) => ascii(`${word}"`));
const FLAGS = [ascii('false'), ascii('true')];

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
