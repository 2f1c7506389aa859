// `rollcall as-of`: what was shown at a time, of one user, of a room's members, or of everybody. Invariant: whoever was forgotten is
// shown to nobody, at no time; a user who never was and one who was forgotten get the same answer.
import { topicNames, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import type { Configuration } from '#libs/runtime';
import Table from 'cli-table3';
import { readLiving, type Living } from '../erasure/living.js';
import { shownTime } from '../exporting/window.js';
import { Failure } from '../failure.js';
import { Progress } from '../progress.js';
import { readProgress } from '../replay/progress-reading.js';
import { type Surroundings, withLog } from '../surroundings.js';
import { readWindow } from './history-window.js';
import { type PastView, shownView, viewAfter, viewInSnapshot } from './past-view.js';
import { membersAt } from './room-members.js';

export interface AsOfCommand {
  readonly atMs: number;
  /** One of them, or neither for everybody. */
  readonly userId?: string;
  readonly roomId?: string;
  readonly json: boolean;
}

/** What was shown at a time; `unseen` are those asked for of whom nothing had been told. */
export interface AsOf {
  readonly views: readonly PastView[];
  readonly unseen: readonly string[];
}

export async function runAsOf(
  command: AsOfCommand,
  configuration: Configuration,
  surroundings: Surroundings,
): Promise<number> {
  const { atMs, json } = command;
  const nowMs = surroundings.nowMs();
  if (atMs > nowMs) throw new Failure(`${shownTime(atMs)} has not come yet: it is ${shownTime(nowMs)}.`, 2);
  const topics = topicNames(configuration.topics.prefix);
  const progress = new Progress(surroundings);
  const result = await withLog(surroundings, configuration, 'read', async (log) => {
    await noteBehind({ log, topics, atMs, progress });
    return asOf({ log, topics, nowMs, surroundings, progress, ...command });
  });
  await progress.end();
  await surroundings.stdout.write(json ? asJson(atMs, result) : asText(atMs, result));
  return 0;
}

interface AsOfOptions extends Omit<AsOfCommand, 'json'> {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly nowMs: number;
  readonly surroundings: Pick<Surroundings, 'ending'>;
  readonly progress: Progress;
}

/** Throws when the user asked for is none of whom the history holds anything. */
export async function asOf(options: AsOfOptions): Promise<AsOf> {
  const { log, topics, atMs, userId, roomId, nowMs } = options;
  const wanted =
    userId !== undefined
      ? new Set([userId])
      : roomId !== undefined
        ? await membersAt({ log, topics, roomId, atMs, nowMs })
        : undefined;
  const changesEnds = await log.ends(topics.changes);
  const partitions = partitionsOf(log, wanted, changesEnds.length);
  const views: PastView[] = [];
  for (const [index, partition] of partitions.entries()) {
    options.progress.show(() => `partition ${index + 1} of ${partitions.length}`);
    const living = await readLiving(log, topics.states, partition);
    if (userId !== undefined && living.lifeOf(userId) === undefined) {
      throw new Failure(`The history holds nothing of ${userId}.`);
    }
    const { ending } = options.surroundings;
    const changesEnd = changesEnds[partition] ?? 0;
    const window = await readWindow({
      log,
      topics,
      partition,
      atMs,
      changesEnd,
      ending,
      ...(wanted && { users: wanted }),
    });
    views.push(...viewsOf(window, living, wanted));
  }
  views.sort((one, other) => (one.userId < other.userId ? -1 : 1));
  const seen = new Set(views.map((view) => view.userId));
  return { views, unseen: wanted === undefined ? [] : [...wanted].filter((user) => !seen.has(user)).sort() };
}

function partitionsOf(log: EventLog, wanted: ReadonlySet<string> | undefined, count: number): number[] {
  if (wanted === undefined) return Array.from({ length: count }, (_, partition) => partition);
  return [...new Set([...wanted].map((user) => log.partitionOf(user, count)))].sort((one, other) => one - other);
}

/** A later change replaces what the snapshot says; a life that was ended since is not shown. */
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

/** The engine lags behind its inputs, or does not run: what happened meanwhile is not told yet. */
async function noteBehind({
  log,
  topics,
  atMs,
  progress,
}: {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly atMs: number;
  readonly progress: Progress;
}): Promise<void> {
  const partitions = (await log.ends(topics.states)).length;
  let reachedMs = Infinity;
  for (let partition = 0; partition < partitions; partition += 1) {
    const stored = await readProgress(log, topics.states, partition);
    if (stored === undefined) continue;
    const inputEnds = [
      (await log.ends(topics.activity))[partition] ?? 0,
      (await log.ends(topics.commands))[partition] ?? 0,
    ];
    const isBehind = stored.inputs.some(({ nextOffset }, input) => nextOffset < inputEnds[input]!);
    if (isBehind) reachedMs = Math.min(reachedMs, Math.max(...stored.inputs.map((input) => input.reachedMs)));
  }
  if (reachedMs < atMs) {
    await progress.note(
      `The aggregator has come to ${shownTime(reachedMs)}: what happened after that is not told yet.`,
    );
  }
}

function asJson(atMs: number, { views, unseen }: AsOf): string {
  const users = [...views.map(shownView), ...unseen.map((userId) => ({ user_id: userId, presence: null }))];
  return `{"at_ts":${atMs},"users":[${users.map((user) => `\n${JSON.stringify(user)}`).join(',')}\n]}\n`;
}

function asText(atMs: number, { views, unseen }: AsOf): string {
  if (views.length + unseen.length === 0) return `Nobody had shown anything at ${shownTime(atMs)}.\n`;
  const table = new Table({
    head: ['user', 'presence', 'active', 'since', 'last active', 'message'],
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
  });
  for (const { userId, view, sinceMs } of views) {
    const active = view.currentlyActive ? 'active' : '';
    table.push([
      userId,
      view.presence,
      active,
      timeOf(sinceMs),
      timeOf(view.lastActiveAtMs),
      printable(view.statusMsg ?? ''),
    ]);
  }
  for (const userId of unseen) table.push([userId, '(nothing shown yet)', '', '', '', '']);
  return `${table.toString()}\n`;
}

/** Columns without a frame, as every list of this command line. */
export const NO_LINES = Object.fromEntries(
  [
    'top',
    'top-mid',
    'top-left',
    'top-right',
    'bottom',
    'bottom-mid',
    'bottom-left',
    'bottom-right',
    'left',
    'left-mid',
    'mid',
    'mid-mid',
    'right',
    'right-mid',
    'middle',
  ].map((name) => [name, '']),
);

function timeOf(atMs: number | undefined): string {
  return atMs === undefined ? '' : shownTime(atMs);
}

/** A message may hold line breaks and whatever moves a terminal's cursor. */
export function printable(message: string): string {
  return message.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\u00b7');
}
