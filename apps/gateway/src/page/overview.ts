// Everybody's presence, now or as of a time, as the page shows it. Invariant: bounded in its answer and in how long it keeps the
// process busy at a stretch; rooms are always those of now, which the page says. It stands apart from its door because what
// is newer, the view of states or the index of changes, is decided here.
import { setImmediate as turn } from 'node:timers/promises';
import { IntList } from '#libs/interest';
import type { View } from '#libs/presence';
import { PRESENCES, type Counts, type Move, type PublicState, type RecentChanges } from '#libs/views';
import type { Gateway } from '../gateway.js';

export interface OverviewWanted {
  /** Absent: now. */
  readonly atMs?: number;
  /** Part of a user id or of a status message, in any case. */
  readonly search: string;
  readonly roomId?: string;
  readonly limit: number;
}

export interface PersonTold {
  readonly user_id: string;
  readonly life: number;
  readonly version: number;
  readonly presence: View['presence'];
  readonly status_msg: string | undefined;
  readonly currently_active: boolean;
  readonly last_active_ts: number | undefined;
  readonly changed_ts: number | undefined;
  /** Indices into `rooms`. */
  readonly rooms: readonly number[];
}

export interface OverviewTold {
  readonly at_ts: number;
  readonly live: boolean;
  readonly counts: Counts;
  readonly rooms: readonly { readonly room_id: string; readonly joined: number }[];
  readonly users: readonly PersonTold[];
  /** More match than are told. */
  readonly truncated: boolean;
}

interface Shown {
  readonly row: number;
  readonly view: View;
  readonly life: number;
  readonly version: number;
  readonly changedAtMs: number | undefined;
}

const ROWS_PER_TURN = 20_000;
const MAX_ROOMS_OF_ONE = 20;
const MAX_ROOMS = 2_000;

export class Overview {
  constructor(private readonly gateway: Gateway) {}

  async tell(changes: RecentChanges, wanted: OverviewWanted): Promise<OverviewTold> {
    const nowMs = this.gateway.options.clock.nowMs();
    const { shown, truncated } = await this.#find(changes, wanted);
    const rooms = new Rooms(this.gateway);
    return {
      at_ts: wanted.atMs ?? nowMs,
      live: wanted.atMs === undefined,
      counts: wanted.atMs === undefined ? this.counts() : this.#countsAt(changes, wanted.atMs),
      users: shown.map((each) => personTold(this.gateway.states.numbering.nameOf(each.row), each, rooms.of(each.row))),
      rooms: rooms.told,
      truncated,
    };
  }

  /** How many show what now. */
  counts(): Counts {
    const { shownAs } = this.gateway.states.rows;
    const of = (presence: View['presence']): number => shownAs[PRESENCES.indexOf(presence)] ?? 0;
    return { online: of('online'), unavailable: of('unavailable'), busy: of('busy'), offline: of('offline') };
  }

  /** How many show what by the latest change: the reader of states may be behind that of changes, or ahead of it. */
  #countsBy(changes: RecentChanges): Counts {
    const counts: Record<keyof Counts, number> = { ...this.counts() };
    for (const row of changes.rows()) {
      const move = changes.latest(row);
      const state = this.gateway.states.stateOf(row);
      if (move === undefined || (state?.life === move.life && state.version === move.version)) continue;
      if (state?.view !== undefined) counts[state.view.presence] -= 1;
      if (move.view !== undefined) counts[move.view.presence] += 1;
    }
    return counts;
  }

  #countsAt(changes: RecentChanges, atMs: number): Counts {
    const counts: Record<keyof Counts, number> = { ...changes.countsAt(this.#countsBy(changes), atMs) };
    const { rows, numbering } = this.gateway.states;
    for (let row = 0; row < numbering.size; row++) {
      if (!this.#cameAfter(changes, row, atMs)) continue;
      const view = rows.viewOf(row);
      if (view !== undefined) counts[view.presence] -= 1;
    }
    return counts;
  }

  /** Whose first change is later, and only the view of states has it yet. */
  #cameAfter(changes: RecentChanges, row: number, atMs: number): boolean {
    const { rows } = this.gateway.states;
    if (rows.versionOf(row) !== 1 || rows.changedAtMsOf(row) <= atMs) return false;
    return changes.viewAt(row, atMs) === 'unmoved';
  }

  /** Who is there first, then who is offline, each in the order of the table; the page sorts. */
  async #find(changes: RecentChanges, wanted: OverviewWanted): Promise<{ shown: Shown[]; truncated: boolean }> {
    const there: Shown[] = [];
    const offline: Shown[] = [];
    const search = wanted.search.toLowerCase();
    let truncated = false;
    let looked = 0;
    for (const row of this.#rows(wanted.roomId)) {
      if (++looked % ROWS_PER_TURN === 0) await turn();
      const shown = this.#shown(changes, row, wanted.atMs);
      if (shown === undefined || !this.#matches(shown, search)) continue;
      const list = shown.view.presence === 'offline' ? offline : there;
      if (list.length < wanted.limit) list.push(shown);
      else truncated = true;
      if (there.length === wanted.limit && truncated) break;
    }
    const room = wanted.limit - there.length;
    return { shown: [...there, ...offline.slice(0, room)], truncated: truncated || offline.length > room };
  }

  *#rows(roomId: string | undefined): Iterable<number> {
    const { states, memberships } = this.gateway;
    if (roomId === undefined) {
      for (let row = 0; row < states.numbering.size; row++) yield row;
      return;
    }
    const room = memberships.interest.rooms.find(roomId);
    if (room === undefined) return;
    const members = new IntList();
    memberships.interest.membersFrom(room, 0, Infinity, members);
    yield* members.taken();
  }

  #shown(changes: RecentChanges, row: number, atMs: number | undefined): Shown | undefined {
    const state = this.gateway.states.stateOf(row);
    if (atMs === undefined) return newest(row, state, changes.latest(row));
    const past = changes.viewAt(row, atMs);
    if (past === 'absent') return undefined;
    if (past !== 'unmoved') return { row, view: past, life: 0, version: 0, changedAtMs: undefined };
    if (this.#cameAfter(changes, row, atMs)) return undefined;
    return newest(row, state, undefined);
  }

  #matches({ row, view }: Shown, search: string): boolean {
    if (search === '') return true;
    const name = this.gateway.states.numbering.nameOf(row);
    return name.toLowerCase().includes(search) || (view.statusMsg ?? '').toLowerCase().includes(search);
  }
}

/** Both are read from the log, by readers that do not wait for each other. */
function newest(row: number, state: PublicState | undefined, move: Move | undefined): Shown | undefined {
  const isAhead = state === undefined || (move !== undefined && newer(move, state));
  const latest = isAhead ? move : state;
  if (latest?.view === undefined) return undefined;
  const changedAtMs = 'atMs' in latest ? latest.atMs : latest.changedAtMs;
  return { row, view: latest.view, life: latest.life, version: latest.version, changedAtMs };
}

function newer(one: { life: number; version: number }, other: { life: number; version: number }): boolean {
  return one.life === other.life ? one.version > other.version : one.life > other.life;
}

function personTold(userId: string, { view, life, version, changedAtMs }: Shown, rooms: readonly number[]): PersonTold {
  return {
    user_id: userId,
    life,
    version,
    presence: view.presence,
    status_msg: view.statusMsg,
    currently_active: view.currentlyActive,
    last_active_ts: view.lastActiveAtMs,
    changed_ts: changedAtMs,
    rooms,
  };
}

/** The rooms of those who are told, each told once. */
class Rooms {
  readonly told: { room_id: string; joined: number }[] = [];
  readonly #places = new Map<number, number>();

  constructor(private readonly gateway: Gateway) {}

  of(row: number): number[] {
    const { interest } = this.gateway.memberships;
    const places: number[] = [];
    for (const room of interest.roomsOf(row).subarray(0, MAX_ROOMS_OF_ONE)) {
      const place = this.#places.get(room) ?? this.#tell(room);
      if (place !== undefined) places.push(place);
    }
    return places;
  }

  #tell(room: number): number | undefined {
    if (this.told.length >= MAX_ROOMS) return undefined;
    const { interest } = this.gateway.memberships;
    const place = this.told.push({ room_id: interest.rooms.nameOf(room), joined: interest.memberCount(room) }) - 1;
    this.#places.set(room, place);
    return place;
  }
}
