// What one partition shows at a time. Invariant: a later change replaces what the snapshot says; a life that was ended since is not
// shown.
import type { TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { readLiving, type Living } from '../erasure/living.js';
import { Failure } from '../failure.js';
import { readWindow } from './history-window.js';
import { type PastView, viewAfter, viewInSnapshot } from './past-view.js';

export interface PartitionAsOf {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly partition: number;
  readonly atMs: number;
  readonly changesEnd: number;
  /** Absent: everybody. */
  readonly users?: ReadonlySet<string>;
  /** Somebody of whom there must be something. */
  readonly required?: string;
  readonly ending?: AbortSignal;
}

const NEVER = new AbortController().signal;

/** In no order. */
export async function partitionAsOf({ ending = NEVER, required, ...options }: PartitionAsOf): Promise<PastView[]> {
  const { log, topics, partition, users } = options;
  const living = await readLiving(log, topics.states, partition, users);
  if (required !== undefined && living.lifeOf(required) === undefined) {
    throw new Failure(`The history holds nothing of ${required}.`);
  }
  // Whoever has no state was never shown, or is forgotten: looking for them would lead back to the log's start.
  const shown =
    users === undefined ? undefined : new Set([...users].filter((user) => living.lifeOf(user) !== undefined));
  const window = await readWindow({ ...options, ending, ...(shown !== undefined && { users: shown }) });
  return viewsOf(window, living, shown);
}

export function viewsOf(
  { base, last }: Pick<Awaited<ReturnType<typeof readWindow>>, 'base' | 'last'>,
  living: Living,
  wanted: ReadonlySet<string> | undefined,
): PastView[] {
  const views: PastView[] = [];
  const add = (view: PastView | undefined): void => {
    if (view !== undefined && living.shows(view.userId, view.life)) views.push(view);
  };
  for (const change of last.values()) add(viewAfter(change));
  for (const [userId, user] of base) {
    if (!last.has(userId) && (wanted === undefined || wanted.has(userId))) add(viewInSnapshot(userId, user));
  }
  return views;
}
