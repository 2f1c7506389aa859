// `m.presence` as clients see it (client-server API, "Presence"; `busy`: MSC3026). Invariant: nothing in the content
// that is not known: no ago without an activity, no message when there is none, `currently_active` only for those who
// can be. The one place where a time becomes an ago.

/** The states as every topic and every room of ours holds them. */
export type PresenceWord = 'online' | 'unavailable' | 'offline' | 'busy';

/** How `busy` is shown over HTTP while MSC3026 is unstable, and after. */
export type BusyName = 'unstable' | 'stable';

export const UNSTABLE_BUSY = 'org.matrix.msc3026.busy';
/** Its name in `unstable_features` of `/versions`. */
export const UNSTABLE_BUSY_FEATURE = 'org.matrix.msc3026.busy_presence';

export type ShownPresence = PresenceWord | typeof UNSTABLE_BUSY;

/** What is to be shown: the presence room's View has this shape. */
export interface Showable {
  readonly presence: PresenceWord;
  readonly statusMsg?: string;
  readonly currentlyActive: boolean;
  /** Milliseconds since the epoch. */
  readonly lastActiveAtMs?: number;
}

export interface PresenceContent {
  presence: ShownPresence;
  /** Milliseconds ≥ 0. */
  last_active_ago?: number;
  currently_active?: boolean;
  status_msg?: string;
}

export interface PresenceEvent {
  readonly type: 'm.presence';
  readonly sender: string;
  readonly content: PresenceContent;
}

/** A view as seen at `nowMs`; undefined = nothing is known of the user, which is shown as offline. */
export function presenceContent(view: Showable | undefined, nowMs: number, busyName: BusyName): PresenceContent {
  if (view === undefined) return { presence: 'offline' };
  const content: PresenceContent = { presence: shownPresence(view.presence, busyName) };
  if (view.lastActiveAtMs !== undefined) content.last_active_ago = Math.max(0, Math.round(nowMs - view.lastActiveAtMs));
  if (view.presence === 'online' || view.presence === 'busy') content.currently_active = view.currentlyActive;
  if (view.statusMsg !== undefined && view.statusMsg !== '') content.status_msg = view.statusMsg;
  return content;
}

export function presenceEvent(sender: string, content: PresenceContent): PresenceEvent {
  return { type: 'm.presence', sender, content };
}

export function shownPresence(presence: PresenceWord, busyName: BusyName): ShownPresence {
  return presence === 'busy' && busyName === 'unstable' ? UNSTABLE_BUSY : presence;
}

/** A state by either name of busy; undefined when it is none. */
export function presenceWord(shown: unknown): PresenceWord | undefined {
  switch (shown) {
    case 'online':
    case 'unavailable':
    case 'offline':
    case 'busy':
      return shown;
    case UNSTABLE_BUSY:
      return 'busy';
    default:
      return undefined;
  }
}

/** `unstable_features` of `/versions`. */
export function busyFeature(busyName: BusyName): Record<typeof UNSTABLE_BUSY_FEATURE, boolean> {
  return { [UNSTABLE_BUSY_FEATURE]: busyName === 'unstable' };
}
