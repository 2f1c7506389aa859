// A realistic day of many users, as what they do and when: sessions by the hour of the day, renewals, activity while somebody looks,
// a status message now and then. Invariant: the same seed gives the same day; times never fall. Typed arrays, one entry a user: a
// calendar with a slot a second, in which everybody stands once.
import type { ActivityInput, CommandInput } from '#libs/presence';
import { seeded, type Draw } from './seeded.js';

export const DAY_S = 86_400;
const NOBODY = -1;
const LEASE_MS = 300_000;

/** How many of a hundred sessions begin in each hour. */
const BY_HOUR = [1, 1, 0, 0, 0, 1, 3, 6, 9, 8, 6, 5, 6, 6, 5, 5, 5, 6, 7, 7, 6, 4, 2, 1];

export type Doing =
  | { readonly topic: 'activity'; readonly user: number; readonly input: ActivityInput }
  | { readonly topic: 'commands'; readonly user: number; readonly input: CommandInput };

/** What a user is about to do. */
const ARRIVE = 0;
const GO_ON = 1;
const LEAVE = 2;

export class DayOfUsers {
  readonly #draw: Draw;
  readonly #slots = new Int32Array(DAY_S + 1).fill(NOBODY);
  readonly #nextInSlot: Int32Array;
  readonly #next: Uint8Array;
  /** Seconds from the day's start. */
  readonly #leavesAt: Int32Array;
  readonly #renewsAt: Int32Array;
  /** Sessions that are still to come. */
  readonly #sessions: Uint8Array;

  constructor(
    readonly users: number,
    seed: number,
  ) {
    this.#draw = seeded(seed);
    this.#nextInSlot = new Int32Array(users).fill(NOBODY);
    this.#next = new Uint8Array(users);
    this.#leavesAt = new Int32Array(users);
    this.#renewsAt = new Int32Array(users);
    this.#sessions = new Uint8Array(users);
    for (let user = 0; user < users; user += 1) {
      // A few are there often, some hardly ever.
      this.#sessions[user] = Math.floor(this.#draw() ** 3 * 16);
      this.#arriveLater(user, 0);
    }
  }

  /** Everything that happens in one second of the day. */
  second(at: number): Doing[] {
    const doings: Doing[] = [];
    for (let user = this.#slots[at]!; user !== NOBODY;) {
      const following = this.#nextInSlot[user]!;
      this.#act(user, at, doings);
      user = following;
    }
    this.#slots[at] = NOBODY;
    return doings;
  }

  #act(user: number, at: number, doings: Doing[]): void {
    switch (this.#next[user]) {
      case ARRIVE:
        this.#arrive(user, at, doings);
        break;
      case LEAVE:
        doings.push({ topic: 'activity', user, input: { type: 'device.disconnected', ...SESSION } });
        this.#arriveLater(user, at + 60);
        return;
      default:
        this.#goOn(user, at, doings);
    }
    const stepAt = Math.min(
      at + 20 + Math.floor(this.#draw() ** 2 * 600),
      this.#renewsAt[user]!,
      this.#leavesAt[user]!,
    );
    this.#plan(user, Math.max(at + 1, stepAt), stepAt >= this.#leavesAt[user]! ? LEAVE : GO_ON);
  }

  #arrive(user: number, at: number, doings: Doing[]): void {
    const minutes = 2 + this.#draw() ** 2 * 90;
    this.#leavesAt[user] = Math.min(DAY_S, at + Math.floor(minutes * 60));
    this.#connect(user, at, doings);
    if (this.#draw() < 0.08) {
      const presence = this.#draw() < 0.7 ? 'online' : this.#draw() < 0.5 ? 'busy' : 'unavailable';
      const statusMsg = `at ${Math.floor(at / 3600)} o'clock`;
      doings.push({ topic: 'commands', user, input: { type: 'presence.set', deviceId: 'PHONE', presence, statusMsg } });
    }
  }

  #goOn(user: number, at: number, doings: Doing[]): void {
    if (at >= this.#renewsAt[user]!) this.#connect(user, at, doings);
    else doings.push({ topic: 'activity', user, input: { type: 'device.active', deviceId: 'PHONE' } });
  }

  #connect(user: number, at: number, doings: Doing[]): void {
    this.#renewsAt[user] = at + 110 + Math.floor(this.#draw() * 40);
    doings.push({
      topic: 'activity',
      user,
      input: { type: 'device.connected', ...SESSION, claim: 'auto', leaseMs: LEASE_MS },
    });
  }

  #arriveLater(user: number, earliest: number): void {
    if (this.#sessions[user] === 0) return;
    this.#sessions[user]! -= 1;
    let chosen = this.#draw() * 100;
    let hour = 0;
    while (hour < 23 && chosen >= BY_HOUR[hour]!) chosen -= BY_HOUR[hour++]!;
    const at = Math.floor((hour + this.#draw()) * 3600);
    // Another session of the same user comes after this one, however the hours fell.
    this.#plan(user, at >= earliest ? at : earliest + Math.floor(this.#draw() * 7200), ARRIVE);
  }

  #plan(user: number, at: number, next: number): void {
    if (at >= DAY_S) return;
    this.#next[user] = next;
    this.#nextInSlot[user] = this.#slots[at]!;
    this.#slots[at] = user;
  }
}

const SESSION = { deviceId: 'PHONE', sessionId: 'gateway-1' } as const;
