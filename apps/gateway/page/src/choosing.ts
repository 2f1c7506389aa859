// Which people are listed, and in which order: most present first, then by name. Invariant: pure; the same people and the same wish
// give the same list, so that nobody's row jumps without a change.
import type { Person, Room, Roster } from './roster.js';
import { PRESENCES, type Presence } from './told.js';

export interface Wish {
  readonly search: string;
  /** Absent: all rooms. */
  readonly roomId: string | undefined;
  /** Absent: everybody. */
  readonly presence: Presence | undefined;
}

export function chosen({ people }: Roster, { search, roomId, presence }: Wish): Person[] {
  const wanted = search.trim().toLowerCase();
  const byPresence = new Map<Presence, Person[]>(PRESENCES.map((each) => [each, []]));
  for (const person of people.values()) {
    if (presence !== undefined && person.presence !== presence) continue;
    if (roomId !== undefined && !person.rooms.includes(roomId)) continue;
    if (wanted !== '' && !person.key.includes(wanted) && !person.statusMsg.toLowerCase().includes(wanted)) continue;
    byPresence.get(person.presence)?.push(person);
  }
  const byName = (one: Person, other: Person): number => (one.key < other.key ? -1 : 1);
  return [...byPresence.values()].flatMap((group) => group.sort(byName));
}

export interface RoomCount extends Room {
  /** Of those whom the page knows. */
  readonly present: number;
}

/** Where most are, first. */
export function roomCounts({ people, rooms }: Roster): RoomCount[] {
  const present = new Map<string, number>();
  for (const person of people.values()) {
    if (person.presence === 'offline') continue;
    for (const roomId of person.rooms) present.set(roomId, (present.get(roomId) ?? 0) + 1);
  }
  return rooms
    .map((room) => ({ ...room, present: present.get(room.roomId) ?? 0 }))
    .sort((one, other) => other.present - one.present || (one.roomId < other.roomId ? -1 : 1));
}
