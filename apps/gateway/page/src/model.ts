// Everything the page shows, in one place. Invariant: only the app writes it; what is drawn is a function of it.
import { RateHistory } from './rates.js';
import { Roster } from './roster.js';
import type { Counts, HistoryTold, MoveTold, Presence, PulseTold, TimelineTold } from './told.js';

export type Caller = { readonly kind: 'administrator' } | { readonly kind: 'user'; readonly userId: string };

export type Session =
  | { readonly kind: 'asking' }
  | { readonly kind: 'signed-out'; readonly complaint?: string }
  | { readonly kind: 'signed-in'; readonly caller: Caller };

export interface TimeWindow {
  readonly words: string;
  /** Infinity: as far back as is known. */
  readonly spanMs: number;
}

export const WINDOWS: readonly [TimeWindow, ...TimeWindow[]] = [
  { words: '5 min', spanMs: 300_000 },
  { words: '15 min', spanMs: 900_000 },
  { words: '1 h', spanMs: 3_600_000 },
  { words: '6 h', spanMs: 21_600_000 },
  { words: '24 h', spanMs: 86_400_000 },
  { words: 'everything', spanMs: Infinity },
];

/** What is shown when it is not now. */
export interface Past {
  readonly atTs: number;
  /** Absent until the server has told it. */
  readonly roster?: Roster;
  readonly counts?: Counts;
  readonly moves: readonly MoveTold[];
  readonly complaint?: string;
  /** The chart and the slider stand still meanwhile. */
  readonly fromTs: number;
  readonly toTs: number;
}

/** What the server found, where it knows more people than the page was told. */
export interface Found {
  readonly search: string;
  readonly roomId: string | undefined;
  readonly atTs: number | undefined;
  readonly roster: Roster;
}

export interface Model {
  session: Session;
  /** The token that the page may sign in with by itself. */
  developmentToken: string | undefined;
  /** Since when the server has not answered. */
  awaySinceTs: number | undefined;
  /** The server's clock minus ours. */
  skewMs: number;
  readonly live: Roster;
  counts: Counts | undefined;
  /** Newest first. */
  moves: readonly MoveTold[];
  past: Past | undefined;
  found: Found | undefined;
  window: TimeWindow;
  history: HistoryTold | undefined;
  pulse: PulseTold | undefined;
  readonly rates: RateHistory;
  search: string;
  roomId: string | undefined;
  presence: Presence | undefined;
  selected: string | undefined;
  timeline: TimelineTold | undefined;
  scrollTop: number;
  listHeight: number;
  announcement: string;
  townIsAsked: boolean;
  withOffline: boolean;
}

export const MOST_MOVES = 60;
/** The page asks for no more; a search finds the others. */
export const MOST_PEOPLE = 5_000;

export function newModel(): Model {
  return {
    session: { kind: 'asking' },
    developmentToken: undefined,
    awaySinceTs: undefined,
    skewMs: 0,
    live: new Roster(),
    counts: undefined,
    moves: [],
    past: undefined,
    found: undefined,
    window: WINDOWS[0],
    history: undefined,
    pulse: undefined,
    rates: new RateHistory(),
    search: '',
    roomId: undefined,
    presence: undefined,
    selected: undefined,
    timeline: undefined,
    scrollTop: 0,
    listHeight: 480,
    announcement: '',
    townIsAsked: false,
    withOffline: false,
  };
}

export function nowTs(model: Model): number {
  return Date.now() + model.skewMs;
}

/** What the page is of: the time chosen, or now. */
export function shownTs(model: Model): number {
  return model.past?.atTs ?? nowTs(model);
}

/** Everybody of the time that is shown, as far as the page was told. */
export function toldRoster(model: Model): Roster {
  return model.past?.roster ?? model.live;
}

/** The same, or what the server found for what is looked for now. */
export function shownRoster(model: Model): Roster {
  const { found, search, roomId, past } = model;
  const isWanted = found?.search === search && found.roomId === roomId && found.atTs === past?.atTs;
  return isWanted && toldRoster(model).truncated ? found.roster : toldRoster(model);
}

export function shownCounts(model: Model): Counts | undefined {
  return model.past === undefined ? model.counts : (model.past.counts ?? model.counts);
}

export function isAdministrator({ session }: Model): boolean {
  return session.kind === 'signed-in' && session.caller.kind === 'administrator';
}

/** From when to when the chart and the slider reach. */
export function timeRange(model: Model): { readonly fromTs: number; readonly toTs: number } {
  if (model.past !== undefined) return model.past;
  const toTs = nowTs(model);
  const knownFromTs = model.pulse?.history_from_ts ?? toTs;
  const fromTs = model.window.spanMs === Infinity ? Math.min(knownFromTs, toTs - 60_000) : toTs - model.window.spanMs;
  return { fromTs, toTs };
}
