// The beginning of a stored change read from its bytes, without making a string of them: whoever looks for one moment passes over
// most records. Invariant: what it finds is what the decoder gives; where it finds nothing, that decides nothing. It stands apart
// because it is written for the machine.
import { JsonBytes, Piece, type RecordSpans } from '#libs/contracts';
import type { Presence } from '#libs/presence';

const CHANGED = new Piece('{"type":"presence.changed","v":1,"user_id":"');
const FORGOTTEN = new Piece('{"type":"presence.forgotten","v":1,"user_id":"');
const LIFE = new Piece(',"life":');
const VERSION = new Piece(',"version":');
const AT = new Piece(',"at_ts":');
const PRESENCE = new Piece(',"presence":"');
const PRESENCES: readonly Presence[] = ['online', 'offline', 'unavailable', 'busy'];
const PRESENCE_BYTES = PRESENCES.map((word) => new Piece(`${word}"`));

const json = new JsonBytes();

export class ChangeHead {
  kind: 'changed' | 'forgotten' = 'changed';
  life = 0;
  version = 0;
  atMs = 0;
  /** Of an erasure it means nothing. */
  presence: Presence = 'offline';
  /** Behind what was read: behind the presence's quote, or the time. */
  end = 0;

  /** false = it has to be read the long way. The key must be that of the record. */
  read(spans: RecordSpans): boolean {
    this.kind = json.opens(spans, CHANGED) ? 'changed' : 'forgotten';
    if (this.kind === 'forgotten' && !json.opens(spans, FORGOTTEN)) return false;
    const life = json.optionalNumber(LIFE);
    this.life = Number.isNaN(life) ? 0 : life;
    this.version = json.requireNumber(VERSION);
    this.atMs = json.requireNumber(AT);
    if (this.kind === 'changed') {
      json.require(PRESENCE);
      this.presence = PRESENCES[json.requireOneOf(PRESENCE_BYTES)]!;
    }
    this.end = json.at;
    return !json.failed;
  }
}
