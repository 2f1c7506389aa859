// The sessions of this gateway: what /sync loops and streams tell the log about their devices. Invariant: one record when a
// loop starts or changes its claim, one renewal every couple of minutes, one `device.disconnected` after the grace, and none
// for a poll; a gateway that dies is outlived by its sessions by one lease at most.
import type { Appended, Clock } from '#libs/event-log';
import type { ActivityInput, Claim } from '#libs/presence';
import type { RateLimit } from '../rate-limit.js';
import { Session, type Ending } from './session.js';
import { TickWheel } from './tick-wheel.js';

export interface ActivityWriter {
  activity(inputs: readonly { readonly userId: string; readonly input: ActivityInput }[]): Promise<readonly Appended[]>;
}

export interface SessionsOptions {
  readonly clock: Clock;
  readonly writer: ActivityWriter;
  readonly gatewayId: string;
  readonly offlineAfterMs: number;
  readonly maxLeaseMs: number;
  /** Claim changes of one user: a change beyond it is told later, never refused. */
  readonly claims: RateLimit;
  /** The writing failed; it is tried again. */
  readonly onTrouble?: (error: unknown) => void;
}

export type SessionKind = 'poll' | 'stream';

export interface SessionStart {
  readonly userId: string;
  readonly deviceId: string;
  readonly kind: SessionKind;
  readonly claim: Claim;
}

export interface Attendance {
  /** Where the record stands that told the log of this loop's present claim. `undefined`: nothing told now (delayed, or the log is away). */
  readonly announced: Promise<Appended | undefined> | undefined;
  /** To be called once, when the request ends. */
  readonly ended: (ending: Ending) => void;
}

interface Announcement {
  readonly claim: Claim;
  readonly appended: Promise<Appended | undefined>;
}

const LONGEST_LEASE_MS = 300_000;
const RETRY_MS = 1_000;
const END_CHUNK = 1_000;

export class Sessions {
  readonly leaseMs: number;
  readonly #sessions = new Map<string, Session>();
  readonly #announcements = new WeakMap<Session, Announcement>();
  readonly #wheel: TickWheel<Session>;
  readonly #graceMs: number;
  #closed = false;

  constructor(private readonly options: SessionsOptions) {
    this.leaseMs = Math.min(LONGEST_LEASE_MS, options.maxLeaseMs);
    const tickMs = Math.max(10, Math.min(500, Math.floor(options.offlineAfterMs / 20)));
    // The record arrives before the grace is over in the engine, which then ends the session at its exact time.
    this.#graceMs = Math.max(0, options.offlineAfterMs - 3 * tickMs);
    this.#wheel = new TickWheel(options.clock, tickMs, (session) => {
      this.#look(session);
    });
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** A poll or a stream of a device begins. */
  attend(start: SessionStart): Attendance {
    if (this.#closed) return { announced: undefined, ended: () => undefined };
    const key = keyOf(start);
    let session = this.#sessions.get(key);
    if (session === undefined) {
      const sessionId = start.kind === 'poll' ? this.options.gatewayId : `${this.options.gatewayId}.stream`;
      session = new Session(start, key, sessionId);
      this.#sessions.set(key, session);
    }
    const attended = session;
    attended.started(start.claim);
    this.#speak(attended);
    return {
      announced: this.#announcements.get(attended)?.appended,
      ended: (ending) => {
        this.#ended(attended, start.claim, ending);
      },
    };
  }

  /** The device is logged out: what it claims here ends now, whatever requests of it are still open. */
  depart(userId: string, deviceId: string): void {
    const nowMs = this.options.clock.nowMs();
    for (const kind of ['poll', 'stream'] as const) {
      const session = this.#sessions.get(keyOf({ userId, deviceId, kind }));
      if (session === undefined || this.#closed) continue;
      session.lastEndMs = nowMs;
      this.#end(session, nowMs);
    }
  }

  /** The gateway stops properly: every session ends now, so that its clients have the whole grace to go elsewhere. */
  async endAll(): Promise<void> {
    this.#closed = true;
    this.#wheel.stop();
    const open = [...this.#sessions.values()].filter((session) => session.announcements > 0);
    this.#sessions.clear();
    for (let index = 0; index < open.length; index += END_CHUNK) {
      const ends = open
        .slice(index, index + END_CHUNK)
        .map((session) => ({ userId: session.userId, input: endOf(session, 0) }));
      await this.options.writer.activity(ends);
    }
  }

  #ended(session: Session, claim: Claim, ending: Ending): void {
    session.ended(claim, ending, this.options.clock.nowMs());
    if (this.#closed || this.#sessions.get(session.key) !== session) return;
    this.#speak(session);
    this.#schedule(session);
  }

  /** Tells the log what it does not know yet, if anything and if it may be told now. */
  #speak(session: Session): void {
    const nowMs = this.options.clock.nowMs();
    const changed = session.wanted !== session.announced;
    const renewal = !session.idle && nowMs >= this.#renewAtMs(session);
    if ((!changed && !renewal) || nowMs < session.notBeforeMs) {
      this.#schedule(session);
      return;
    }
    if (changed) {
      const waitMs = this.options.claims.take(session.userId, nowMs);
      if (waitMs > 0) {
        session.notBeforeMs = nowMs + waitMs;
        this.#announcements.delete(session);
        this.#schedule(session);
        return;
      }
    }
    this.#announce(session, nowMs, changed);
    this.#schedule(session);
  }

  #announce(session: Session, nowMs: number, changed: boolean): void {
    const claim = session.wanted;
    session.announced = claim;
    session.announcedAtMs = nowMs;
    session.announcements += 1;
    const input: ActivityInput = {
      type: 'device.connected',
      deviceId: session.deviceId,
      sessionId: session.sessionId,
      claim,
      leaseMs: this.leaseMs,
    };
    const appended = this.options.writer.activity([{ userId: session.userId, input }]).then(
      (places) => places[0],
      (error: unknown) => {
        this.#failed(session, error);
        return undefined;
      },
    );
    if (changed) this.#announcements.set(session, { claim, appended });
  }

  /** Perhaps durable, perhaps not: telling it again does no harm, so the log counts as knowing nothing. */
  #failed(session: Session, error: unknown): void {
    session.announced = undefined;
    session.notBeforeMs = this.options.clock.nowMs() + RETRY_MS;
    this.#announcements.delete(session);
    this.#schedule(session);
    this.options.onTrouble?.(error);
  }

  /** A third to a half of the lease, never the same for all. */
  #renewAtMs(session: Session): number {
    return session.announcedAtMs + this.leaseMs * (1 / 3 + session.draw / 6);
  }

  #dueMs(session: Session): number {
    const endMs = session.idle ? session.lastEndMs + this.#graceMs : Infinity;
    const changeMs = session.wanted === session.announced ? Infinity : session.notBeforeMs;
    const renewMs = session.idle ? Infinity : Math.max(session.notBeforeMs, this.#renewAtMs(session));
    return Math.min(endMs, changeMs, renewMs);
  }

  /** A session stands in the wheel at or before the time it is due: looked at too early, it is put back. */
  #schedule(session: Session): void {
    const dueMs = this.#dueMs(session);
    if (this.#closed || dueMs >= session.scheduledMs || dueMs === Infinity) return;
    session.scheduledMs = this.#wheel.schedule(session, Math.max(dueMs, this.options.clock.nowMs()));
  }

  #look(session: Session): void {
    const nowMs = this.options.clock.nowMs();
    if (session.scheduledMs > nowMs) return;
    session.scheduledMs = Infinity;
    if (session.idle && nowMs >= session.lastEndMs + this.#graceMs) this.#end(session, nowMs);
    else this.#speak(session);
  }

  #end(session: Session, nowMs: number): void {
    this.#sessions.delete(session.key);
    // Never told, or so long ago that its lease has ended it: nothing to say.
    if (session.announcements === 0 || nowMs >= session.announcedAtMs + this.leaseMs) return;
    const agoMs = Math.round(nowMs - session.lastEndMs);
    this.options.writer.activity([{ userId: session.userId, input: endOf(session, agoMs) }]).catch((error: unknown) => {
      this.options.onTrouble?.(error);
      this.#endLater(session);
    });
  }

  /** The log was away when the session ended: it is told later, unless the device has come back or the lease has ended it. */
  #endLater(session: Session): void {
    if (this.#closed || this.#sessions.has(session.key)) return;
    // A device that comes back meanwhile says so anew: whether the end was written is not known.
    session.announced = undefined;
    this.#sessions.set(session.key, session);
    session.scheduledMs = this.#wheel.schedule(session, this.options.clock.nowMs() + RETRY_MS);
  }
}

function keyOf({ userId, deviceId, kind }: Omit<SessionStart, 'claim'>): string {
  return `${userId}\0${deviceId}\0${kind}`;
}

function endOf(session: Session, agoMs: number): ActivityInput {
  return { type: 'device.disconnected', deviceId: session.deviceId, sessionId: session.sessionId, agoMs };
}
