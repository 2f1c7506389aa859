// What others may see of a user, and the order of the presence states. Invariant: a view is plain data, a value;
// nobody keeps one and mutates it.

/** The states of `m.presence` (client-server API, section Presence) and `busy` (MSC3026). */
export type Presence = 'online' | 'unavailable' | 'offline' | 'busy';

export interface View {
  readonly presence: Presence;
  /** Absent = none. */
  readonly statusMsg?: string;
  readonly currentlyActive: boolean;
  /** Milliseconds since the epoch; absent = nothing known or never visible. */
  readonly lastActiveAtMs?: number;
}

/** A user shows the highest of its devices: busy > online > unavailable > offline. */
export const PRESENCE_BY_RANK = ['offline', 'unavailable', 'online', 'busy'] as const satisfies readonly Presence[];

export const RANK_OFFLINE = 0;
export const RANK_UNAVAILABLE = 1;
export const RANK_ONLINE = 2;
export const RANK_BUSY = 3;

export type Rank = 0 | 1 | 2 | 3;

export function rankOf(presence: Presence): Rank {
  switch (presence) {
    case 'offline':
      return RANK_OFFLINE;
    case 'unavailable':
      return RANK_UNAVAILABLE;
    case 'online':
      return RANK_ONLINE;
    case 'busy':
      return RANK_BUSY;
  }
}
