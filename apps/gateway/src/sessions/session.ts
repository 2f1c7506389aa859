// One poll loop (or stream) of one device at this gateway, and what it claims. Invariant: a request that claims nothing never
// takes away what another request of the same loop, still in flight, claims; and a loop whose requests all say the same never
// changes its claim. It stands apart, without clock or log, because every corner of it is a sentence to be tested.
import type { Claim } from '#libs/presence';

/** How a request of the loop ended: answered by us, or given up by the client. */
export type Ending = 'answered' | 'abandoned';

export class Session {
  /** What the log was told last; `undefined` = nothing yet, or the telling failed. */
  announced: Claim | undefined;
  announcedAtMs = -Infinity;
  /** Told to the log so often: chooses the jitter of the next renewal. */
  announcements = 0;
  /** What the loop says now. */
  wanted: Claim;
  lastEndMs = -Infinity;
  /** No announcement before this: the rate limit, or a log that is away. */
  notBeforeMs = -Infinity;
  /** The tick at which it is looked at next. */
  scheduledMs = Infinity;
  #claiming = 0;
  #silent = 0;
  /** Drawn once an announcement: every poll asks when the next one is due. */
  #draw = 0;
  #drawnFor = -1;

  readonly userId: string;
  readonly deviceId: string;

  constructor(
    start: { readonly userId: string; readonly deviceId: string; readonly claim: Claim },
    /** Under which the gateway keeps it. */
    readonly key: string,
    readonly sessionId: string,
  ) {
    this.userId = start.userId;
    this.deviceId = start.deviceId;
    this.wanted = start.claim;
  }

  /** 0 ≤ x < 1, another one for every announcement. */
  get draw(): number {
    if (this.#drawnFor !== this.announcements) {
      this.#draw = spread(`${this.userId} ${this.deviceId} ${String(this.announcements)}`);
      this.#drawnFor = this.announcements;
    }
    return this.#draw;
  }

  get idle(): boolean {
    return this.#claiming + this.#silent === 0;
  }

  /** A request says something. `none` beside a request in flight that claims (another part of the app that only watches) is not the loop's word. */
  started(claim: Claim): void {
    if (claim !== 'none') {
      this.#claiming += 1;
      this.wanted = claim;
      return;
    }
    this.#silent += 1;
    if (this.#claiming === 0) this.wanted = 'none';
  }

  ended(claim: Claim, ending: Ending, nowMs: number): void {
    if (claim === 'none') this.#silent -= 1;
    else this.#claiming -= 1;
    // The client gave up what claimed and goes on with what does not: it has changed its mind, and its new request came first.
    if (ending === 'abandoned' && claim !== 'none' && this.#claiming === 0 && this.#silent > 0) this.wanted = 'none';
    if (this.idle) this.lastEndMs = nowMs;
  }
}

/** 0 ≤ x < 1, the same for the same words: renewals of many sessions spread without randomness (FNV-1a). */
export function spread(words: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < words.length; index += 1) {
    hash = Math.imul(hash ^ words.charCodeAt(index), 0x01000193);
  }
  // FNV's high bits move little for the last characters: fold once more.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) / 2 ** 32;
}
