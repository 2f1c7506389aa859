// `device.connected` and `device.disconnected` in the very bytes that our encoder writes: every poll loop of every client opens,
// renews and ends a session. Invariant: it finds what the schema gives, or nothing, which decides nothing (a property test
// compares them).
import type { Claim } from '#libs/presence';
import { JsonBytes, Piece, type RecordSpans } from '../format/json-bytes.js';

const CONNECTED = new Piece('{"type":"device.connected","v":1,"user_id":"');
const DISCONNECTED = new Piece('{"type":"device.disconnected","v":1,"user_id":"');
const DEVICE = new Piece(',"device_id":"');
const SESSION = new Piece(',"session_id":"');
const CLAIM = new Piece(',"claim":"');
const CLAIMS: readonly Claim[] = ['auto', 'online', 'unavailable', 'none'];
const CLAIM_BYTES = CLAIMS.map((word) => new Piece(`${word}"`));
const LEASE = new Piece(',"lease_ms":');
const AGO = new Piece(',"ago_ms":');
const CLOSE = new Piece('}');

/** What was found; used again for every record. */
export class FoundSession {
  deviceStart = -1;
  deviceEnd = -1;
  sessionStart = -1;
  sessionEnd = -1;
  /** false = it disconnected. */
  isConnect = false;
  /** Of a connect. */
  claim: Claim = 'none';
  leaseMs = 0;
  /** Of a disconnect; NaN = absent. */
  agoMs = Number.NaN;
}

const json = new JsonBytes();

/** The key must be known to be a Matrix user id. false = nothing was found; what was found is ASCII. */
export function findSession(record: RecordSpans, found: FoundSession): boolean {
  found.isConnect = json.opens(record, CONNECTED);
  if (!found.isConnect && !json.opens(record, DISCONNECTED)) return false;
  json.require(DEVICE);
  const deviceBytes = json.requireText();
  found.deviceStart = json.textStart;
  found.deviceEnd = json.textEnd;
  json.require(SESSION);
  const sessionBytes = json.requireText();
  found.sessionStart = json.textStart;
  found.sessionEnd = json.textEnd;
  const isSound = found.isConnect ? findClaim(found) : findAgo(found);
  json.require(CLOSE);
  return json.isWhole && !json.hasHigh && deviceBytes > 0 && sessionBytes > 0 && isSound;
}

function findClaim(found: FoundSession): boolean {
  json.require(CLAIM);
  found.claim = CLAIMS[json.requireOneOf(CLAIM_BYTES)]!;
  found.leaseMs = json.requireNumber(LEASE);
  return found.leaseMs >= 1;
}

/** The schema cuts what is negative; that is rare enough to be left to it. */
function findAgo(found: FoundSession): boolean {
  found.agoMs = json.optionalNumber(AGO);
  return !(found.agoMs < 0);
}
