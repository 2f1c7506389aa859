// The changes of a partition around a time: from a snapshot before it, through the changes since. Invariant: a change counts by its
// own time, not by when it was written; the last one of a user at or before a time is found however late the engine wrote it, as far
// as it may run late while it serves. It never reads more than a snapshot's span before the time, if there is a snapshot.
import { decodeChange, type ChangeRecord, type TopicNames } from '#libs/contracts';
import type { EventLog, LogRecord } from '#libs/event-log';
import { Failure } from '../failure.js';
import { shownTime } from '../exporting/window.js';
import {
  readSnapshotIndex,
  readSnapshotUsers,
  type FoundSnapshot,
  type SnapshotUser,
} from '../replay/snapshot-index.js';
import { quickAtMs } from './change-head.js';

/** The engine takes inputs in the order of their times but for about a second; clocks differ by less than this. */
const LATE_MS = 300_000;
const DAY_MS = 86_400_000;
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
  /** As the newest snapshot before the time has them. */
  readonly base: ReadonlyMap<string, SnapshotUser>;
  /** Of every user the last change at or before the time, if it came after that snapshot. */
  readonly last: ReadonlyMap<string, ChangeRecord>;
  /** Later ones, in the order of the log. */
  readonly later: readonly ChangeRecord[];
}

export async function readWindow(options: WindowOptions): Promise<PartitionWindow> {
  const { log, topics, partition, atMs, changesEnd, users } = options;
  const found = await snapshotBefore(options);
  const start = (await log.starts(topics.changes))[partition] ?? 0;
  if (found === undefined && start > 0) await requireHeld(options, start);
  const base =
    found === undefined ? new Map<string, SnapshotUser>() : await readSnapshotUsers(log, topics.snapshots, found);
  const from =
    found === undefined ? start : ((await log.offsetsAt(topics.changes, found.begin.atMs - LATE_MS))[partition] ?? 0);
  const scan = new Scan(atMs, options.toMs ?? -Infinity, users);
  for await (const { records } of log.read(topics.changes, partition, Math.min(from, changesEnd), changesEnd)) {
    if (options.ending.aborted) throw new Failure('Stopped before everything was read.');
    if (!scan.takes(records)) break;
  }
  return { base, last: scan.last(), later: scan.later };
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

class Scan {
  readonly later: ChangeRecord[] = [];
  readonly #last = new Map<string, string>();

  constructor(
    private readonly atMs: number,
    private readonly toMs: number,
    private readonly users: ReadonlySet<string> | undefined,
  ) {}

  /** false = nothing that is wanted can come any more. */
  takes(records: readonly LogRecord[]): boolean {
    const untilMs = Math.max(this.atMs, this.toMs) + LATE_MS;
    for (const record of records) {
      const { key, value } = record;
      if (key === null || value === null) continue;
      let changedMs = quickAtMs(value, key);
      if (Number.isNaN(changedMs)) changedMs = wholeChange(textOf(value), textOf(key))?.atMs ?? Infinity;
      if (changedMs > untilMs) {
        if (changedMs !== Infinity) return false;
        continue;
      }
      const isWanted = changedMs <= this.atMs || changedMs <= this.toMs;
      if (!isWanted) continue;
      const userId = textOf(key);
      if (this.users !== undefined && !this.users.has(userId)) continue;
      if (changedMs <= this.atMs) this.#last.set(userId, textOf(value));
      else {
        const change = wholeChange(textOf(value), userId);
        if (change !== undefined) this.later.push(change);
      }
    }
    return true;
  }

  last(): ReadonlyMap<string, ChangeRecord> {
    const read = new Map<string, ChangeRecord>();
    for (const [userId, text] of this.#last) {
      const change = wholeChange(text, userId);
      if (change !== undefined) read.set(userId, change);
    }
    return read;
  }
}

/** undefined = none of ours; `verify` names it. */
function wholeChange(text: string, userId: string): ChangeRecord | undefined {
  const decoded = decodeChange(text, userId);
  return decoded.ok ? decoded.record : undefined;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
