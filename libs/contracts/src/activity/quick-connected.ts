// `device.connected` in the very bytes that our encoder writes: every poll of every client opens or renews a session. Invariant:
// it finds what the schema gives, or nothing, which decides nothing (a property test compares them).
import type { Claim } from '#libs/presence';
import { JsonBytes, ascii, isKeyAt, type RecordSpans } from '../format/json-bytes.js';

const HEAD = ascii('{"type":"device.connected","v":1,"user_id":"');
const DEVICE = ascii(',"device_id":"');
const SESSION = ascii(',"session_id":"');
const CLAIM = ascii(',"claim":"');
const CLAIMS: readonly Claim[] = ['auto', 'online', 'unavailable', 'none'];
const CLAIM_BYTES = CLAIMS.map((word) => ascii(`${word}"`));
const LEASE = ascii(',"lease_ms":');
const CLOSE = ascii('}');

/** What was found; used again for every record. */
export class FoundConnected {
  deviceStart = -1;
  deviceEnd = -1;
  sessionStart = -1;
  sessionEnd = -1;
  claim: Claim = 'none';
  leaseMs = 0;
}

const json = new JsonBytes();

/** The key must be known to be a Matrix user id. false = nothing was found; what was found is ASCII. */
export function findConnected(record: RecordSpans, found: FoundConnected): boolean {
  const { valueBytes, valueStart, valueEnd } = record;
  if (valueStart < 0) return false;
  json.begin(valueBytes, valueStart, valueEnd);
  json.require(HEAD);
  json.requireText();
  if (json.failed || !isKeyAt(record, json.textStart, json.textEnd)) return false;
  json.require(DEVICE);
  const deviceBytes = json.requireText();
  found.deviceStart = json.textStart;
  found.deviceEnd = json.textEnd;
  json.require(SESSION);
  const sessionBytes = json.requireText();
  found.sessionStart = json.textStart;
  found.sessionEnd = json.textEnd;
  json.require(CLAIM);
  found.claim = CLAIMS[json.requireOneOf(CLAIM_BYTES)]!;
  found.leaseMs = json.requireNumber(LEASE);
  json.require(CLOSE);
  return json.isWhole && !json.hasHigh && deviceBytes > 0 && sessionBytes > 0 && found.leaseMs >= 1;
}
