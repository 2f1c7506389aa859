// One partition under other timings: its newest snapshot before the window, the inputs since, and what really happened beside them.
// Invariant: both sides begin at the same snapshot and end at the same time. It only drives: what is counted is pure code beside it.
import { INPUTS, decodeChange, type OrderPoint, type RecordSpans, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { rearm, type Policy } from '#libs/presence';
import { readLiving } from '../erasure/living.js';
import type { Span } from './online-time.js';
import { ChangeHead } from '../looking/change-head.js';
import { RecordWalk, textAt } from '../record-walk.js';
import { OtherPolicy, type Compared, type HappenedChange } from './other-policy.js';
import { PartitionRefold } from './partition-refold.js';
import { RefoldSources, addInputs } from './refold-sources.js';
import { readSnapshotIndex, type FoundSnapshot, type SnapshotIndex } from './snapshot-index.js';
import { isToldBy } from './verification.js';
import { CLOCKS_MS, refoldFrom } from './verify-partition.js';

export interface WhatIfOptions {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly partition: number;
  readonly onProgress: (inputs: number) => void;
}

/** Where a partition may begin: its whole snapshots whose inputs are still in the log, and the order of taking. */
export interface Beginnings extends Pick<SnapshotIndex, 'order'> {
  readonly usable: readonly FoundSnapshot[];
}

export async function beginningsOf(log: EventLog, topics: TopicNames, partition: number): Promise<Beginnings> {
  const { snapshots, order } = await readSnapshotIndex(log, { topic: topics.snapshots, partition });
  const starts = await Promise.all(INPUTS.map(async (word) => (await log.starts(topics[word]))[partition] ?? 0));
  const usable = snapshots.filter(
    ({ begin, endOffset }) =>
      endOffset !== undefined && begin.inputs.every(({ nextOffset }, input) => nextOffset >= starts[input]!),
  );
  return { usable, order };
}

/** The newest snapshot at or before a time; else the first. */
export function beginningAt({ usable }: Beginnings, fromMs: number): FoundSnapshot | undefined {
  return usable.findLast(({ begin }) => begin.atMs <= fromMs) ?? usable[0];
}

export interface WhatIfParts {
  readonly start: FoundSnapshot;
  readonly order: readonly OrderPoint[];
  readonly span: Span;
  readonly policy: Policy;
}

export interface WhatIfOutcome {
  readonly compared: readonly Compared[];
  readonly inputs: number;
}

export async function whatIf(options: WhatIfOptions, parts: WhatIfParts): Promise<WhatIfOutcome> {
  const { log, topics, partition } = options;
  const { start, order, span, policy } = parts;
  const changesEnd = (await log.ends(topics.changes))[partition] ?? 0;
  const living = await readLiving(log, topics.states, partition);
  const base = await refoldFrom(log, topics, start, order);
  for (const [, aggregate] of base.users) rearm(aggregate, policy);
  const refold = new PartitionRefold({ ...base.beginning, policy });
  const other = new OtherPolicy(refold, span, (userId, life) => living.shows(userId, life));
  await readHappened(options, { start, changesEnd, span, base }, (userId, change) => other.happened(userId, change));
  other.begin(policy, Math.max(...start.begin.inputs.map(({ reachedMs }) => reachedMs)));
  const upTo = await pointAt(log, topics, partition, span.toMs);
  const sources = new RefoldSources<string>();
  addInputs(sources, refold, { log, topics, partition, upTo });
  try {
    for (let lack = other.advance(upTo); lack !== 'nothing'; lack = other.advance(upTo)) {
      await sources.more(lack);
      options.onProgress(refold.inputs);
    }
  } finally {
    await sources.close();
  }
  return { compared: other.outcome(), inputs: refold.inputs };
}

/** The last offset of each input whose record is not later than the time; at least what the snapshot has. */
async function pointAt(log: EventLog, topics: TopicNames, partition: number, toMs: number): Promise<OrderPoint> {
  const [activity, commands] = await Promise.all(INPUTS.map((word) => log.offsetsAt(topics[word], toMs + 1)));
  return [(activity![partition] ?? 0) - 1, (commands![partition] ?? 0) - 1];
}

interface HappenedParts {
  readonly start: FoundSnapshot;
  readonly changesEnd: number;
  readonly span: Span;
  readonly base: PartitionRefold;
}

/** The changes after the snapshot, up to the window's end. */
async function readHappened(
  { log, topics, partition }: WhatIfOptions,
  { start, changesEnd, span, base }: HappenedParts,
  use: (userId: string, change: HappenedChange) => void,
): Promise<void> {
  const from = (await log.offsetsAt(topics.changes, start.begin.atMs - CLOCKS_MS))[partition] ?? 0;
  const { users } = base;
  const walk = new RecordWalk();
  const head = new ChangeHead();
  for await (const batch of log.read(topics.changes, partition, Math.min(from, changesEnd), changesEnd)) {
    walk.each(batch, (spans) => {
      const { keyBytes, keyStart, keyEnd } = spans;
      const change = head.read(spans) ? head : wholeChange(spans);
      if (change === undefined || change.atMs > span.toMs) return;
      const there = users.numbers.find(keyBytes, keyStart, keyEnd);
      if (there >= 0 && isToldBy(change, users.aggregate(there))) return;
      use(there >= 0 ? users.numbers.name(there) : textAt(keyBytes, keyStart, keyEnd), change);
    });
  }
}

/** undefined = none of ours; `verify` names it. */
function wholeChange(spans: RecordSpans): HappenedChange | undefined {
  const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = spans;
  if (keyStart < 0 || valueStart < 0) return undefined;
  const decoded = decodeChange(textAt(valueBytes, valueStart, valueEnd), textAt(keyBytes, keyStart, keyEnd));
  if (!decoded.ok) return undefined;
  const { record } = decoded;
  return { ...record, presence: record.kind === 'changed' ? record.view.presence : 'offline' };
}
