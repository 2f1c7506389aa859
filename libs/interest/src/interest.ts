// Who is told of whom: joined members of rooms that create interest, and everybody of themselves (semantics.md section 9).
// Invariant: a room creates interest unless it is withheld or oversize; both directions of the membership table agree.
// Numbers in, numbers out: names are interned by `users` and `rooms`.
import { grownUint8 } from './columns.js';
import type { InterestEffects, Membership, RoomPolicy } from './effects.js';
import { IntList } from './int-list.js';
import { IntSets } from './int-sets.js';
import { Interner } from './interner.js';
import { Stamps } from './stamps.js';

const WITHHELD = 1;
const OVERSIZE = 2;
/** A room that was oversize creates interest again when fewer than this share of the limit are joined. */
const RETURN_SHARE = 0.9;

export interface InterestOptions {
  /** A room with more joined members than this creates no interest. */
  readonly maxRoomMembers: number;
  /** Shared with another table of users, so that both use the same numbers; absent = its own. */
  readonly users?: Interner;
}

export class Interest {
  readonly users: Interner;
  readonly rooms = new Interner();
  readonly maxRoomMembers: number;
  /** Absent: changes are folded silently. */
  effects: InterestEffects | undefined;
  readonly #members = new IntSets();
  readonly #roomsOf = new IntSets();
  readonly #scratch = new IntList();
  readonly #stamps = new Stamps();
  #roomFlags = new Uint8Array(16);
  #wereApart = new Uint8Array(16);
  #memberships = 0;
  #oversizeRooms = 0;

  constructor(options: InterestOptions) {
    this.users = options.users ?? new Interner();
    this.maxRoomMembers = options.maxRoomMembers;
  }

  apply(room: number, user: number, membership: Membership): void {
    if (membership === 'join') this.#join(room, user);
    else this.#leave(room, user, membership);
  }

  setPolicy(room: number, policy: RoomPolicy): void {
    this.#setFlag(room, WITHHELD, policy === 'withhold');
  }

  /** Appends all who are told of this user, itself too, each once, alike for all with the same rooms; returns how many. Interest is mutual. */
  recipients(user: number, into: IntList): number {
    const before = into.length;
    this.#stamps.begin(this.users.size);
    const rooms = this.#roomsOf.pageOf(user);
    const first = this.#roomsOf.startOf(user);
    for (let at = first; at < first + this.#roomsOf.count(user); at++) {
      const room = rooms[at] as number;
      if (this.#roomFlags[room] === 0) this.#stamps.collect(this.#members, room, into);
    }
    if (into.length === before) into.push(user);
    return into.length - before;
  }

  sharesRoom(one: number, other: number): boolean {
    if (one === other) return true;
    const [few, many] = this.#roomsOf.count(one) <= this.#roomsOf.count(other) ? [one, other] : [other, one];
    const rooms = this.#roomsOf.pageOf(few);
    const first = this.#roomsOf.startOf(few);
    for (let at = first; at < first + this.#roomsOf.count(few); at++) {
      const room = rooms[at] as number;
      if (this.#roomFlags[room] === 0 && this.#members.has(room, many)) return true;
    }
    return false;
  }

  isJoined(room: number, user: number): boolean {
    return this.#members.has(room, user);
  }

  /** Whether its members are told of each other. */
  createsInterest(room: number): boolean {
    return (this.#roomFlags[room] ?? 0) === 0;
  }

  isOversize(room: number): boolean {
    return ((this.#roomFlags[room] ?? 0) & OVERSIZE) !== 0;
  }

  /** Numbers of the rooms in which the user is joined. */
  roomsOf(user: number): Int32Array {
    const start = this.#roomsOf.startOf(user);
    return this.#roomsOf.pageOf(user).slice(start, start + this.#roomsOf.count(user));
  }

  memberCount(room: number): number {
    return this.#members.count(room);
  }

  /** For dividing what concerns all pairs of a room into slices. Appends up to `limit` members whose number is at least `from`, ascending; returns the number to go on from, undefined at the end. */
  membersFrom(room: number, from: number, limit: number, into: IntList): number | undefined {
    const page = this.#members.pageOf(room);
    const end = this.#members.startOf(room) + this.#members.count(room);
    const start = this.#members.placeOf(room, from);
    const stop = Math.min(end, start + limit);
    for (let at = start; at < stop; at++) into.push(page[at] as number);
    return stop < end ? page[stop] : undefined;
  }

  /** True when the user has lost interest in somebody before, so that views on its and on others' screens may be stale. */
  wasApart(user: number): boolean {
    return this.#wereApart[user] === 1;
  }

  get memberships(): number {
    return this.#memberships;
  }

  /** Rooms that create no interest because of their size. */
  get oversizeRooms(): number {
    return this.#oversizeRooms;
  }

  /** Bytes of the tables; names are not counted. */
  get bytes(): number {
    const columns = this.#roomFlags.byteLength + this.#stamps.bytes + this.#wereApart.byteLength;
    return columns + this.#members.bytes + this.#roomsOf.bytes;
  }

  #join(room: number, user: number): void {
    this.#reserve(room, user);
    if (this.#members.has(room, user)) return;
    const open = this.createsInterest(room);
    const stays = open && this.#members.count(room) < this.maxRoomMembers;
    if (stays && this.effects !== undefined) this.#findNew(room, user);
    this.#members.add(room, user);
    this.#roomsOf.add(user, room);
    this.#memberships++;
    if (!stays) this.#wereApart[user] = 1;
    if (this.#members.count(room) > this.maxRoomMembers) this.#setFlag(room, OVERSIZE, true);
    else if (stays && this.effects !== undefined && this.#scratch.length > 0) {
      this.effects.met(user, this.#scratch.items, this.#scratch.length);
    }
  }

  #leave(room: number, user: number, membership: Membership): void {
    this.#reserve(room, user);
    // A departure that is news to us belongs to a join that compaction has removed.
    if (membership === 'leave' || membership === 'ban') this.#wereApart[user] = 1;
    if (this.#members.remove(room, user) === 'absent') return;
    this.#roomsOf.remove(user, room);
    this.#memberships--;
    this.#wereApart[user] = 1;
    if (this.createsInterest(room) && this.effects !== undefined) {
      this.#findNew(room, user);
      if (this.#scratch.length > 0) this.effects.parted(user, this.#scratch.items, this.#scratch.length);
    }
    if (this.isOversize(room) && this.#members.count(room) < this.maxRoomMembers * RETURN_SHARE)
      this.#setFlag(room, OVERSIZE, false);
  }

  /** Into the scratch list: the room's members, other than the user, with whom it shares no other room. */
  #findNew(room: number, user: number): void {
    this.#scratch.clear();
    this.#stamps.begin(this.users.size);
    this.#stamps.mark(user);
    const rooms = this.#roomsOf.pageOf(user);
    const first = this.#roomsOf.startOf(user);
    for (let at = first; at < first + this.#roomsOf.count(user); at++) {
      const other = rooms[at] as number;
      if (other !== room && this.#roomFlags[other] === 0) this.#stamps.markAll(this.#members, other);
    }
    this.#stamps.collect(this.#members, room, this.#scratch);
  }

  #setFlag(room: number, flag: number, on: boolean): void {
    this.#roomFlags = grownUint8(this.#roomFlags, room + 1);
    const before = this.#roomFlags[room] as number;
    const after = on ? before | flag : before & ~flag;
    this.#roomFlags[room] = after;
    this.#oversizeRooms += ((after & OVERSIZE) - (before & OVERSIZE)) / OVERSIZE;
    if (before === 0 && after !== 0) {
      this.#markApart(room);
      this.effects?.closed(room);
    } else if (before !== 0 && after === 0) this.effects?.opened(room);
  }

  #markApart(room: number): void {
    const page = this.#members.pageOf(room);
    const start = this.#members.startOf(room);
    for (let at = start; at < start + this.#members.count(room); at++) this.#wereApart[page[at] as number] = 1;
  }

  #reserve(room: number, user: number): void {
    this.#roomFlags = grownUint8(this.#roomFlags, room + 1);
    this.#wereApart = grownUint8(this.#wereApart, user + 1);
  }
}
