// What was shown of a user at some time, and since when. Invariant: it is what the last change at or before that time told, its
// `last_active_ts` included, whether it comes from the change itself or from a snapshot that was made after it.
import type { ChangeRecord } from '#libs/contracts';
import { PRESENCE_BY_RANK, activeShown, rankShown, type View } from '#libs/presence';
import type { SnapshotUser } from '../replay/snapshot-index.js';

export interface PastView {
  readonly userId: string;
  readonly life: number;
  readonly version: number;
  /** When the change was; absent = a snapshot knows the view, and not its time. */
  readonly sinceMs?: number;
  readonly view: View;
}

/** undefined = the change ended the user's life. */
export function viewAfter(record: ChangeRecord): PastView | undefined {
  if (record.kind === 'forgotten') return undefined;
  const { userId, life, version, atMs, view } = record;
  return { userId, life, version, sinceMs: atMs, view };
}

/** undefined = nothing was ever told of the user in this life. */
export function viewInSnapshot(userId: string, { aggregate, told }: SnapshotUser): PastView | undefined {
  const { life, version, shown, shownStatusMsg } = aggregate;
  if (version === 0) return undefined;
  return {
    userId,
    life,
    version,
    ...(told.atMs === undefined ? {} : { sinceMs: told.atMs }),
    view: {
      presence: PRESENCE_BY_RANK[rankShown(shown)]!,
      currentlyActive: activeShown(shown),
      ...(shownStatusMsg === undefined ? {} : { statusMsg: shownStatusMsg }),
      ...(told.activeAtMs === undefined ? {} : { lastActiveAtMs: told.activeAtMs }),
    },
  };
}

/** As JSON, in the words of the topics. */
export function shownView({ userId, life, version, sinceMs, view }: PastView): object {
  return {
    user_id: userId,
    presence: view.presence,
    status_msg: view.statusMsg,
    currently_active: view.currentlyActive,
    last_active_ts: view.lastActiveAtMs,
    since_ts: sinceMs,
    life: life === 0 ? undefined : life,
    version,
  };
}
