// Who shares rooms with whom, like the field: room sizes by a power law, everybody in a handful of rooms, and, if asked, one
// room of everybody. Invariant: the same seed and counts give the same rooms.
import type { Draw } from '../seeded.js';

export interface CrowdOptions {
  readonly users: number;
  readonly roomsPerUser: number;
  readonly largestRoom: number;
  /** Of the power law. */
  readonly exponent: number;
  readonly everybody: boolean;
}

export const FIELD: Omit<CrowdOptions, 'users'> = {
  roomsPerUser: 10,
  largestRoom: 5_000,
  exponent: 1.1,
  everybody: false,
};

export interface Room {
  readonly room: number;
  readonly members: readonly number[];
}

/** Every room with its members, each once. */
export function* roomsOf({ users, ...options }: CrowdOptions, draw: Draw): Iterable<Room> {
  const { roomsPerUser, largestRoom, exponent, everybody } = options;
  const memberships = users * roomsPerUser;
  let room = 0;
  let made = 0;
  for (; made < memberships; room += 1) {
    const size = Math.max(2, Math.min(largestRoom, users, Math.floor((1 - draw()) ** (-1 / exponent))));
    const members = new Set<number>();
    while (members.size < size) members.add(Math.floor(draw() * users));
    yield { room, members: [...members] };
    made += members.size;
  }
  if (everybody) yield { room, members: Array.from({ length: users }, (_, user) => user) };
}
