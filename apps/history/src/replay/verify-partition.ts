// One partition verified: its stretches one after the other, each from its snapshot. Invariant: what could not be proven is named;
// a difference ends the partition. It only drives: what is compared, and how, is pure code beside it.
import { INPUTS, type OrderPoint, type ProgressRecord, type SnapshotBegin, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { shownTime } from '../exporting/window.js';
import { Failure } from '../failure.js';
import type { Difference } from './difference.js';
import { PartitionRefold } from './partition-refold.js';
import { readProgress } from './progress-reading.js';
import { RefoldSources, addInputs } from './refold-sources.js';
import { RefoldUsers } from './refold-users.js';
import { type FoundSnapshot, readSnapshotIndex, readSnapshotUsers, type SnapshotIndex } from './snapshot-index.js';
import { type Stretch, stretchesOf } from './stretches.js';
import { type StretchEnd, Verification } from './verification.js';

export interface VerifyOptions {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly partition: number;
  /** Absent: from the first snapshot whose inputs are still there; to where the aggregator has come. */
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly onProgress: (inputs: number, changes: number) => void;
}

export interface VerifiedStretch {
  /** When its snapshot was made, and with which timings it was folded. */
  readonly fromMs: number;
  readonly policy: SnapshotBegin['policy'];
  /** Why the stretch after it begins anew; absent = nothing comes after it. */
  readonly endedBy?: SnapshotBegin['reason'];
  readonly inputs: number;
  readonly changes: number;
}

export interface VerifiedPartition {
  readonly partition: number;
  /** Empty: nothing can be proven, `unproven` says why. */
  readonly stretches: readonly VerifiedStretch[];
  readonly difference?: Difference;
  readonly unproven?: string;
}

/** Records of changes are older than their snapshot by no more than clocks differ. */
export const CLOCKS_MS = 600_000;

export async function verifyPartition(options: VerifyOptions): Promise<VerifiedPartition> {
  const { log, topics, partition, fromMs, toMs } = options;
  const progress = await readProgress(log, topics.states, partition);
  const index = await readSnapshotIndex(log, { topic: topics.snapshots, partition });
  const changesEnd = (await log.ends(topics.changes))[partition] ?? 0;
  const inputStarts = await Promise.all(INPUTS.map((word) => log.starts(topics[word])));
  const starts = inputStarts.map((of) => of[partition] ?? 0) as unknown as OrderPoint;
  const changesStart = (await log.starts(topics.changes))[partition] ?? 0;
  const usable = await withChanges(options, index.snapshots, changesStart);
  const all = stretchesOf(usable, starts, fromMs);
  const stretches = all.filter(({ start }) => toMs === undefined || start.begin.atMs <= toMs);
  if (all.length > stretches.length && stretches.length === 0) {
    const first = shownTime(all[0]!.start.begin.atMs);
    const unproven = `the first snapshot whose inputs are still in the log is of ${first}, and nothing before it can be folded again`;
    return { partition, stretches: [], unproven };
  }
  if (progress === undefined || stretches.length === 0) {
    return { partition, stretches: [], ...unprovenBecause(changesEnd === changesStart, index, progress) };
  }
  const verified: VerifiedStretch[] = [];
  for (const stretch of stretches) {
    const result = await verifyStretch(options, { stretch, index, progress, changesEnd });
    verified.push(result.verified);
    if (result.difference !== undefined) return { partition, stretches: verified, difference: result.difference };
  }
  return { partition, stretches: verified };
}

/** Snapshots from before the first change that is still held cannot be followed. */
async function withChanges(
  { log, topics, partition }: VerifyOptions,
  snapshots: readonly FoundSnapshot[],
  changesStart: number,
): Promise<readonly FoundSnapshot[]> {
  if (changesStart === 0) return snapshots;
  let first = -Infinity;
  const to = (await log.ends(topics.changes))[partition] ?? 0;
  for await (const { records } of log.read(topics.changes, partition, changesStart, to)) {
    first = records[0]?.timestampMs ?? first;
    if (records.length > 0) break;
  }
  return snapshots.filter(({ begin }) => begin.atMs >= first);
}

function unprovenBecause(
  isEmpty: boolean,
  { snapshots }: SnapshotIndex,
  progress: ProgressRecord | undefined,
): { unproven?: string } {
  if (isEmpty && snapshots.length === 0) return {};
  if (progress === undefined) return { unproven: 'no aggregator has written its progress here' };
  if (snapshots.length === 0) return { unproven: 'there is no snapshot: the aggregator writes one when it starts' };
  return {
    unproven:
      'no whole snapshot is there whose inputs are still in the log: a later one is written within SNAPSHOT_EVERY_MS',
  };
}

interface StretchParts {
  readonly stretch: Stretch;
  readonly index: SnapshotIndex;
  readonly progress: ProgressRecord;
  readonly changesEnd: number;
}

async function verifyStretch(
  options: VerifyOptions,
  { stretch: { start, end }, index, progress, changesEnd }: StretchParts,
): Promise<{ readonly verified: VerifiedStretch; readonly difference?: Difference }> {
  const { log, topics, partition } = options;
  const refold = await refoldFrom(log, topics, start, index.order);
  const until = { ...(await endOf(options, end, progress)), isAnew: start.begin.reason !== 'due' };
  const verification = new Verification(refold, until);
  const sources = new RefoldSources<string>();
  addInputs(sources, refold, { log, topics, partition, upTo: until.point });
  const from = (await log.offsetsAt(topics.changes, start.begin.atMs - CLOCKS_MS))[partition] ?? 0;
  verification.changes.position = from;
  sources.add('changes', verification.changes, log.read(topics.changes, partition, from, changesEnd));
  try {
    for (let want = verification.run(); want !== 'done'; want = verification.run()) {
      await sources.more(want);
      options.onProgress(refold.inputs, verification.verified);
    }
  } finally {
    await sources.close();
  }
  const verified = {
    fromMs: start.begin.atMs,
    policy: start.begin.policy,
    inputs: refold.inputs,
    changes: verification.verified,
    ...(end === undefined ? {} : { endedBy: end.begin.reason }),
  };
  const { difference } = verification;
  return difference === undefined ? { verified } : { verified, difference };
}

/** A partition as it was at a snapshot. */
export async function refoldFrom(
  log: EventLog,
  topics: TopicNames,
  start: FoundSnapshot,
  order: readonly OrderPoint[],
): Promise<PartitionRefold> {
  const { begin, partition } = start;
  const description = await log.describeTopic(topics.activity);
  if (description === undefined) throw new Failure(`There is no topic ${topics.activity}.`);
  const users = new RefoldUsers();
  for (const [userId, { aggregate }] of await readSnapshotUsers(log, topics.snapshots, start))
    users.add(userId, aggregate);
  return new PartitionRefold({
    partition,
    partitions: description.partitions,
    policy: begin.policy,
    users,
    taken: pointOf(begin.inputs),
    reachedMs: begin.inputs.map(({ reachedMs }) => reachedMs) as [number, number],
    order,
  });
}

async function endOf(
  { log, topics, toMs }: VerifyOptions,
  end: FoundSnapshot | undefined,
  progress: ProgressRecord,
): Promise<StretchEnd> {
  const last = toMs === undefined ? {} : { lastMs: toMs };
  if (end === undefined) {
    const { inputs, timersMs } = progress;
    return { point: pointOf(inputs), ...(timersMs === undefined ? {} : { timersMs }), ...last };
  }
  const point = pointOf(end.begin.inputs);
  if (end.endOffset === undefined) return { point, ...last };
  const users = await readSnapshotUsers(log, topics.snapshots, end);
  return { point, users: new Map([...users].map(([userId, { aggregate }]) => [userId, aggregate])), ...last };
}

function pointOf(inputs: readonly { readonly nextOffset: number }[]): OrderPoint {
  return [inputs[0]!.nextOffset - 1, inputs[1]!.nextOffset - 1];
}
