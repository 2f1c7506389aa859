// What the server tells the page, in the server's own words (apps/gateway/src/page). Invariant: absent means none. The tests drive
// both together, so that these words cannot drift apart.

export type Presence = 'online' | 'unavailable' | 'busy' | 'offline';

/** From most present to least: the order of everything here. */
export const PRESENCES: readonly Presence[] = ['online', 'busy', 'unavailable', 'offline'];

export const PRESENCE_WORDS: Readonly<Record<Presence, string>> = {
  online: 'online',
  busy: 'busy',
  unavailable: 'away',
  offline: 'offline',
};

export type Counts = Readonly<Record<Presence, number>>;

export interface ViewTold {
  readonly presence: Presence;
  readonly status_msg?: string;
  readonly currently_active?: boolean;
  readonly last_active_ts?: number;
}

export interface PersonTold extends ViewTold {
  readonly user_id: string;
  readonly life: number;
  readonly version: number;
  readonly changed_ts?: number;
  readonly rooms: readonly number[];
}

/** Without `presence` the user was forgotten; without `before` nobody knew them. */
export interface MoveTold extends Partial<ViewTold> {
  readonly user_id: string;
  readonly life: number;
  readonly version: number;
  readonly at_ts: number;
  readonly before?: ViewTold;
  readonly cause: string;
}

export interface OverviewTold {
  readonly position: string;
  readonly at_ts: number;
  readonly counts: Counts;
  readonly rooms: readonly { readonly room_id: string; readonly joined: number }[];
  readonly users: readonly PersonTold[];
  readonly truncated: boolean;
  /** Newest first. */
  readonly moves: readonly MoveTold[];
}

export interface HistoryTold extends Readonly<Record<Presence | 'changes', readonly number[]>> {
  readonly from_ts: number;
  readonly step_ms: number;
}

export interface TimelineTold {
  readonly user_id: string;
  readonly moves: readonly MoveTold[];
  readonly truncated: boolean;
  readonly covered_from_ts?: number;
}

export interface PulseTold {
  readonly now_ts: number;
  readonly counts: Counts;
  readonly totals: {
    readonly index: string;
    readonly inputs: number;
    readonly changes: number;
    readonly deliveries: number;
    readonly rejected: number;
  };
  readonly lag: readonly { readonly activity: number; readonly commands: number }[];
  readonly history_from_ts: number;
  readonly town: { readonly state: 'awake' | 'asleep'; readonly people?: number; readonly until_ts?: number };
}

export interface WelcomeTold {
  /** There when this server takes development tokens from this browser. */
  readonly development_token?: string;
  /** `administrator`, or a user id; absent when no token was sent. */
  readonly caller?: string;
}
