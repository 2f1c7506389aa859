// What a change of memberships or policies means for who is told of whom. Invariant: told synchronously, after the table
// has changed; lists are the table's own scratch and valid only during the call.

export type Membership = 'join' | 'leave' | 'invite' | 'knock' | 'ban';
export type RoomPolicy = 'share' | 'withhold';

export interface InterestEffects {
  /** A join: the user and each of these `count` others share a room now, and shared none before. */
  met(user: number, others: Int32Array, count: number): void;
  /** A departure: the user and each of these others shared a room, and share none now. */
  parted(user: number, others: Int32Array, count: number): void;
  /** The room creates interest (again): any two of its members may be new to each other. Many pairs: to be told in slices, by `membersFrom`. */
  opened(room: number): void;
  /** The room creates no interest any more, quietly: any two of its members may share nothing now. */
  closed(room: number): void;
}
