// The changes of a partition around a time: from a snapshot before it, through the changes since. Invariant: a change counts by its
// own time, not by when it was written; the last one of a user at or before a time is found however late the engine wrote it, as far
// as it may run late while it serves. It never reads more than a snapshot's span before the time, if there is a snapshot.
import type { ChangeRecord, TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { Failure } from '../failure.js';
import { shownTime } from '../exporting/window.js';
import {
  readSnapshotIndex,
  readSnapshotUsers,
  type FoundSnapshot,
  type SnapshotUser,
} from '../replay/snapshot-index.js';
import { RecordWalk } from '../record-walk.js';
import { UserNumbers } from '../user-numbers.js';
import { LastChanges, timeOf } from './last-changes.js';

/** The engine takes inputs in the order of their times but for about a second; clocks differ by less than this. */
const LATE_MS = 300_000;
const DAY_MS = 86_400_000;
/** Read forward, one after the other backward: so many are little to hold, and much for one request. */
const PIECE_OFFSETS = 32_768;
/** How far back a snapshot is sought, at first and then further; the last is everything. */
const SPANS_MS = [DAY_MS + 2 * LATE_MS, 8 * DAY_MS, Infinity];

export interface WindowOptions {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly partition: number;
  /** The state at this time is wanted, milliseconds. */
  readonly atMs: number;
  /** Of changes up to this time all are wanted; absent: none but those that lead to the state. */
  readonly toMs?: number;
  /** The end of `presence.changes` as it was asked for before anything else was read. */
  readonly changesEnd: number;
  /** Absent: everybody. */
  readonly users?: ReadonlySet<string>;
  readonly ending: AbortSignal;
}

export interface PartitionWindow {
  /** As the newest snapshot before the time has them, where no change came after it. */
  readonly base: ReadonlyMap<string, SnapshotUser>;
  /** Of every user the last change at or before the time, if it came after that snapshot. A user stands here or in `base`. */
  readonly last: ReadonlyMap<string, ChangeRecord>;
  /** Later ones, in the order of the log. */
  readonly later: readonly ChangeRecord[];
}

export async function readWindow(options: WindowOptions): Promise<PartitionWindow> {
  const { log, topics, partition, atMs, changesEnd, users } = options;
  const found = await snapshotBefore(options);
  const start = (await log.starts(topics.changes))[partition] ?? 0;
  if (found === undefined && start > 0) await requireHeld(options, start);
  const earliest =
    found === undefined ? start : ((await log.offsetsAt(topics.changes, found.begin.atMs - LATE_MS))[partition] ?? 0);
  const from = Math.min(Math.max(start, earliest), changesEnd);
  const changes = new LastChanges(atMs, options.toMs ?? -Infinity, users);
  for (let to = await endOfWindow(options, from); to > from && !changes.isDone;) {
    const pieceFrom = Math.max(from, to - PIECE_OFFSETS);
    for await (const batch of log.read(topics.changes, partition, pieceFrom, to)) {
      if (options.ending.aborted) throw new Failure('Stopped before everything was read.');
      changes.take(batch);
    }
    changes.endPiece();
    to = pieceFrom;
  }
  const base = found === undefined || changes.isDone ? NOBODY : await baseOf(options, found, changes);
  return { base, last: changes.last, later: changes.later() };
}

const NOBODY: ReadonlyMap<string, SnapshotUser> = new Map();

/** Those of a snapshot who are wanted, and of whom no change has been found since. */
function baseOf(
  { log, topics, users }: WindowOptions,
  found: FoundSnapshot,
  changes: LastChanges,
): Promise<ReadonlyMap<string, SnapshotUser>> {
  const wanted = users === undefined ? undefined : new UserNumbers();
  for (const user of users ?? []) wanted!.add(user);
  return readSnapshotUsers(log, topics.snapshots, found, (spans) => {
    const isWanted = wanted === undefined || wanted.find(spans.keyBytes, spans.keyStart, spans.keyEnd) >= 0;
    return isWanted && !changes.isFound(spans);
  });
}

/** The first offset behind which no change is at or before the times that are wanted, however late the engine wrote them. */
async function endOfWindow(options: WindowOptions, from: number): Promise<number> {
  const { log, topics, partition, atMs, changesEnd } = options;
  const untilMs = Math.max(atMs, options.toMs ?? -Infinity) + LATE_MS;
  const inTime = (await log.offsetsAt(topics.changes, untilMs))[partition] ?? 0;
  let low = Math.max(from, Math.min(inTime, changesEnd));
  let high = changesEnd;
  // Mostly the engine was in time, and the first look ends it.
  for (let probe = low; low < high; probe = Math.floor((low + high) / 2)) {
    const found = await firstChange(options, probe, high);
    if (found === undefined) high = probe;
    else if (found.atMs > untilMs) high = Math.min(probe, high);
    else low = found.offset + 1;
  }
  return high;
}

/** How many offsets are looked at for one change: what lies between transactions is no change. */
const PROBE_OFFSETS = 256;

/** The first change of ours in a range. */
async function firstChange(
  { log, topics, partition }: WindowOptions,
  from: number,
  to: number,
): Promise<{ readonly offset: number; readonly atMs: number } | undefined> {
  const walk = new RecordWalk();
  for (let at = from; at < to; at += PROBE_OFFSETS) {
    let found: { readonly offset: number; readonly atMs: number } | undefined;
    for await (const batch of log.read(topics.changes, partition, at, Math.min(to, at + PROBE_OFFSETS))) {
      walk.each(batch, (spans, { offset }) => {
        const atMs = found === undefined ? timeOf(spans) : Infinity;
        if (atMs !== Infinity) found = { offset, atMs };
      });
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The newest whole snapshot that holds no change later than the time. */
async function snapshotBefore({ log, topics, partition, atMs }: WindowOptions): Promise<FoundSnapshot | undefined> {
  for (const spanMs of SPANS_MS) {
    const [from, to] = [await offsetAt(atMs - spanMs), await offsetAt(atMs + spanMs)];
    const { snapshots } = await readSnapshotIndex(log, { topic: topics.snapshots, partition, from, to });
    const found = snapshots.findLast(({ begin, endOffset }) => endOffset !== undefined && begin.atMs <= atMs - LATE_MS);
    if (found !== undefined) return found;
  }
  return undefined;

  async function offsetAt(timeMs: number): Promise<number> {
    if (timeMs === -Infinity) return (await log.starts(topics.snapshots))[partition] ?? 0;
    if (timeMs === Infinity) return (await log.ends(topics.snapshots))[partition] ?? 0;
    return (await log.offsetsAt(topics.snapshots, Math.floor(timeMs)))[partition] ?? 0;
  }
}

/** Without a snapshot, and with the first changes gone, a time before the first that is left cannot be answered. */
async function requireHeld({ log, topics, partition, atMs, changesEnd }: WindowOptions, start: number): Promise<void> {
  for await (const { records } of log.read(topics.changes, partition, start, changesEnd)) {
    const first = records[0];
    if (first === undefined) continue;
    if (first.timestampMs > atMs) {
      throw new Failure(
        `${shownTime(atMs)} lies before what the log still holds: partition ${partition} of ${topics.changes} begins at ${shownTime(first.timestampMs)}.`,
      );
    }
    return;
  }
}
