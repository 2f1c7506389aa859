// `rollcall what-if`: what other timings would have made of the same inputs, beside what happened: online time, changes, deliveries.
// Invariant: whoever was forgotten counts on neither side; deliveries are counted by the memberships as they are now, on both sides.
import { topicNames, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { IntList } from '#libs/interest';
import { policyFaults, type Policy } from '#libs/presence';
import type { Configuration } from '#libs/runtime';
import { MembershipsView } from '#libs/views';
import { shownTime } from '../exporting/window.js';
import { Failure } from '../failure.js';
import { type Surroundings, withLog } from '../surroundings.js';
import { WORTH_FOLDING, crewFor, inputsIn } from '../threads/crew.js';
import { inThreads } from '../threads/in-threads.js';
import { FoldingProgress } from './folding-progress.js';
import type { Span } from './online-time.js';
import type { Compared } from './other-policy.js';
import { readProgress } from './progress-reading.js';
import type { FoundSnapshot } from './snapshot-index.js';
import {
  type Beginnings,
  type WhatIfOutcome,
  type WhatIfParts,
  beginningAt,
  beginningsOf,
  whatIf,
} from './what-if-partition.js';
import { type UserDifference, type WhatIfResult, asJson, asText, sumUp } from './what-if-text.js';

export interface WhatIfCommand {
  /** Those that shall differ. */
  readonly changed: Partial<Policy>;
  /** Absent: a day before the end, or the first snapshot. */
  readonly fromMs?: number;
  /** Absent: where the aggregator has come. */
  readonly toMs?: number;
  /** How many users are listed, those first that differ most; 0 = all. */
  readonly listed: number;
  /** Absent: as many as there are cores. */
  readonly workers?: number;
  readonly json: boolean;
}

const DAY_MS = 86_400_000;

export async function runWhatIf(
  command: WhatIfCommand,
  configuration: Configuration,
  surroundings: Surroundings,
): Promise<number> {
  const topics = topicNames(configuration.topics.prefix);
  const progress = new FoldingProgress(surroundings, ['inputs']);
  const result = await withLog(surroundings, configuration, 'read', (log) =>
    compare({ log, topics, command, progress, surroundings, maxRoomMembers: configuration.fanout.maxRoomMembers }),
  );
  await progress.end();
  await surroundings.stdout.write(command.json ? asJson(result, command.listed) : asText(result, command.listed));
  return 0;
}

interface CompareParts {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly command: WhatIfCommand;
  readonly progress: FoldingProgress;
  readonly surroundings: Surroundings;
  readonly maxRoomMembers: number;
}

async function compare(parts: CompareParts): Promise<WhatIfResult> {
  const { log, topics, command } = parts;
  const count = (await log.starts(topics.changes)).length;
  const beginnings: Beginnings[] = [];
  for (let partition = 0; partition < count; partition += 1)
    beginnings.push(await beginningsOf(log, topics, partition));
  const span = await spanOf(parts, beginnings);
  const inForce = policyAt(beginnings, span);
  const policy = { ...inForce, ...command.changed };
  const faults = policyFaults(policy);
  if (faults.length > 0) throw new Failure(`These timings cannot be: ${faults.join('; ')}.`, 2);
  const jobs = beginnings.flatMap((its, partition) => {
    const start = beginningAt(its, span.fromMs);
    return start === undefined ? [] : [{ partition, parts: { start, order: its.order, span, policy } }];
  });
  const outcomes = await whatIfEach(jobs, parts);
  const compared = outcomes.flatMap((outcome) => outcome.compared);
  const inputs = outcomes.reduce((sum, outcome) => sum + outcome.inputs, 0);
  const recipients = await recipientsOf(parts, compared);
  const users = compared.map((user): UserDifference => ({ ...user, recipients: recipients(user.userId) }));
  return sumUp({ span, inForce, policy, users, inputs });
}

async function whatIfEach(
  jobs: readonly { readonly partition: number; readonly parts: WhatIfParts }[],
  { log, topics, command: { workers }, progress, surroundings }: CompareParts,
): Promise<readonly WhatIfOutcome[]> {
  const stopped = new Failure('Stopped before everything was folded.');
  const records = await inputsIn(log, topics);
  const crew = crewFor(surroundings, {
    partitions: jobs.length,
    records,
    worth: WORTH_FOLDING,
    ...(workers && { workers }),
  });
  if (crew === undefined) {
    const outcomes: WhatIfOutcome[] = [];
    for (const [index, { partition, parts }] of jobs.entries()) {
      const onProgress = (...counts: readonly number[]): void => progress.show(index, counts);
      outcomes.push(await whatIf({ log, topics, partition, onProgress }, parts));
      if (surroundings.ending.aborted) throw stopped;
    }
    return outcomes;
  }
  return inThreads<WhatIfOutcome>(crew.start, surroundings.ending, {
    jobs: jobs.map((options) => ({ kind: 'what-if', options })),
    threads: crew.threads,
    nameOf: (index) => `partition ${jobs[index]!.partition}`,
    onProgress: (index, counts) => progress.show(index, counts),
    stopped,
  });
}

/** From --from or a day before the end, but not before the first snapshot of the partition whose snapshots begin last. */
async function spanOf({ log, topics, command }: CompareParts, beginnings: readonly Beginnings[]): Promise<Span> {
  const firsts = beginnings.flatMap(({ usable }) => (usable[0] === undefined ? [] : [beginningMs(usable[0])]));
  if (firsts.length === 0) {
    throw new Failure(
      `There is no whole snapshot whose inputs are still in the log: the aggregator writes one when it starts, and then every SNAPSHOT_EVERY_MS.`,
    );
  }
  const earliestMs = Math.max(...firsts);
  let comeMs = Infinity;
  for (const [partition] of beginnings.entries()) {
    const stored = await readProgress(log, topics.states, partition);
    if (stored !== undefined)
      comeMs = Math.min(comeMs, stored.timersMs ?? Math.max(...stored.inputs.map((input) => input.reachedMs)));
  }
  const toMs = Math.min(command.toMs ?? Infinity, comeMs);
  const fromMs = command.fromMs ?? Math.max(earliestMs, toMs - DAY_MS);
  if (fromMs < earliestMs) {
    throw new Failure(
      `what-if can go back to ${shownTime(earliestMs)}, the oldest snapshot whose inputs are still in the log; ${shownTime(fromMs)} is earlier.`,
    );
  }
  if (fromMs >= toMs)
    throw new Failure(
      `There is nothing to compare: the aggregator has come to ${shownTime(toMs)}, and the window begins at ${shownTime(fromMs)}.`,
    );
  return { fromMs, toMs };
}

/** The timings in force at the window's end. A window that ends before the first snapshot, which is of nobody then, has its. */
function policyAt(beginnings: readonly Beginnings[], { toMs }: Span): Policy {
  const inOrder = beginnings.flatMap(({ usable }) => usable).sort((one, other) => one.begin.atMs - other.begin.atMs);
  const last = inOrder.findLast(({ begin }) => begin.atMs <= toMs) ?? inOrder[0];
  return last!.begin.policy;
}

/** To how many each user's changes go, by the memberships and rooms as they are now. */
async function recipientsOf(
  { log, topics, maxRoomMembers }: CompareParts,
  compared: readonly Compared[],
): Promise<(userId: string) => number> {
  const ends = { memberships: await log.ends(topics.memberships), rooms: await log.ends(topics.rooms) };
  const view = new MembershipsView({
    topics,
    partitions: { memberships: ends.memberships.length, rooms: ends.rooms.length },
    maxRoomMembers,
  });
  for (const word of ['rooms', 'memberships'] as const) {
    for (const [partition, end] of ends[word].entries()) {
      for await (const batch of log.read(topics[word], partition, 0, end)) view.apply(batch);
    }
  }
  const into = new IntList();
  const counts = new Map(
    compared.map(({ userId }) => {
      into.clear();
      return [userId, view.interest.recipients(view.interest.users.intern(userId), into)] as const;
    }),
  );
  return (userId) => counts.get(userId) ?? 1;
}

/** Before a snapshot of nobody, to which no input had led, there was nothing. */
function beginningMs({ begin }: FoundSnapshot): number {
  const isEmpty = begin.users === 0 && begin.inputs.every(({ nextOffset }) => nextOffset === 0);
  return isEmpty ? -Infinity : begin.atMs;
}
