// `rollcall as-of`: what was shown at a time, of one user, of a room's members, or of everybody. Invariant: whoever was forgotten is
// shown to nobody, at no time; a user who never was and one who was forgotten get the same answer.
import { topicNames, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import type { Configuration } from '#libs/runtime';
import Table from 'cli-table3';
import { shownTime } from '../exporting/window.js';
import { Failure } from '../failure.js';
import { Progress } from '../progress.js';
import { readProgress } from '../replay/progress-reading.js';
import { type Surroundings, withLog } from '../surroundings.js';
import { WORTH_LOOKING, crewFor } from '../threads/crew.js';
import { inThreads } from '../threads/in-threads.js';
import { type PartitionAsOf, partitionAsOf } from './partition-as-of.js';
import { type PastView, shownView } from './past-view.js';
import { membersAt } from './room-members.js';

export interface AsOfCommand {
  readonly atMs: number;
  /** One of them, or neither for everybody. */
  readonly userId?: string;
  readonly roomId?: string;
  /** Absent: as many as there are cores, where there is much to read. */
  readonly workers?: number;
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
  await (json ? printJson : printText)(surroundings, atMs, result);
  return 0;
}

interface AsOfOptions extends Omit<AsOfCommand, 'json'> {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly nowMs: number;
  readonly surroundings: Surroundings;
  readonly progress: Progress;
}

/** Throws when the user asked for is none of whom the history holds anything. */
async function asOf(options: AsOfOptions): Promise<AsOf> {
  const { log, topics, atMs, userId, roomId, nowMs } = options;
  const wanted =
    userId !== undefined
      ? new Set([userId])
      : roomId !== undefined
        ? await membersAt({ log, topics, roomId, atMs, nowMs })
        : undefined;
  const changesEnds = await log.ends(topics.changes);
  const partitions = partitionsOf(log, wanted, changesEnds.length);
  const jobs = partitions.map((partition) => ({
    partition,
    atMs,
    changesEnd: changesEnds[partition] ?? 0,
    ...(wanted !== undefined && { users: wanted }),
    ...(userId !== undefined && { required: userId }),
  }));
  const views = (await viewsOfEach(jobs, options)).flat();
  views.sort((one, other) => (one.userId < other.userId ? -1 : 1));
  const seen = new Set(views.map((view) => view.userId));
  return { views, unseen: wanted === undefined ? [] : [...wanted].filter((user) => !seen.has(user)).sort() };
}

async function viewsOfEach(
  jobs: readonly Omit<PartitionAsOf, 'log' | 'topics'>[],
  { log, topics, surroundings, progress, workers }: AsOfOptions,
): Promise<readonly PastView[][]> {
  const { ending } = surroundings;
  const records = jobs.reduce((sum, { changesEnd, users }) => sum + (users === undefined ? changesEnd : 0), 0);
  const crew = crewFor(surroundings, {
    partitions: jobs.length,
    records,
    worth: WORTH_LOOKING,
    ...(workers && { workers }),
  });
  if (crew === undefined) {
    const views: PastView[][] = [];
    for (const [index, job] of jobs.entries()) {
      progress.show(() => `partition ${index + 1} of ${jobs.length}`);
      views.push(await partitionAsOf({ log, topics, ending, ...job }));
    }
    return views;
  }
  return inThreads<PastView[]>(crew.start, ending, {
    jobs: jobs.map((options) => ({ kind: 'as-of', options })),
    threads: crew.threads,
    nameOf: (index) => `partition ${jobs[index]!.partition}`,
    onProgress: () => undefined,
    stopped: new Failure('Stopped before everything was read.'),
  });
}

function partitionsOf(log: EventLog, wanted: ReadonlySet<string> | undefined, count: number): number[] {
  if (wanted === undefined) return Array.from({ length: count }, (_, partition) => partition);
  return [...new Set([...wanted].map((user) => log.partitionOf(user, count)))].sort((one, other) => one - other);
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

/** So many lines are written at once. */
const LINES = 2_000;

async function printJson({ stdout }: Surroundings, atMs: number, { views, unseen }: AsOf): Promise<void> {
  await stdout.write(`{"at_ts":${atMs},"users":[`);
  let separator = '\n';
  for (let from = 0; from < views.length; from += LINES) {
    const lines = views.slice(from, from + LINES).map((view) => JSON.stringify(shownView(view)));
    await stdout.write(separator + lines.join(',\n'));
    separator = ',\n';
  }
  const others = unseen.map((userId) => JSON.stringify({ user_id: userId, presence: null }));
  if (others.length > 0) await stdout.write(separator + others.join(',\n'));
  await stdout.write('\n]}\n');
}

const HEAD = ['user', 'presence', 'active', 'since', 'last active', 'message'];

async function printText({ stdout }: Surroundings, atMs: number, { views, unseen }: AsOf): Promise<void> {
  if (views.length + unseen.length === 0) {
    await stdout.write(`Nobody had shown anything at ${shownTime(atMs)}.\n`);
    return;
  }
  const rows = views.map(({ userId, view, sinceMs }) => [
    userId,
    view.presence,
    view.currentlyActive ? 'active' : '',
    timeOf(sinceMs),
    timeOf(view.lastActiveAtMs),
    printable(view.statusMsg ?? ''),
  ]);
  for (const userId of unseen) rows.push([userId, '(nothing shown yet)', '', '', '', '']);
  if (rows.length <= FITTED_ROWS) {
    const table = new Table({
      head: HEAD,
      chars: NO_LINES,
      style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    });
    table.push(...rows);
    await stdout.write(`${table.toString()}\n`);
    return;
  }
  for (const lines of inColumns([HEAD, ...rows], LINES)) await stdout.write(lines);
}

/** The table's library takes a tenth of a millisecond a row. */
const FITTED_ROWS = 1_000;

/** The same columns as the table's; only letters of double width are not reckoned with. */
function* inColumns(rows: readonly (readonly string[])[], atOnce: number): Generator<string> {
  const widths = HEAD.map((_, column) => rows.reduce((most, row) => Math.max(most, row[column]!.length), 0));
  for (let from = 0; from < rows.length; from += atOnce) {
    const lines = rows
      .slice(from, from + atOnce)
      .map((row) => row.map((cell, column) => `${cell.padEnd(widths[column]!)}  `).join(''));
    yield `${lines.join('\n')}\n`;
  }
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
