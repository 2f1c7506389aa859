// The snapshots that a partition holds, and the order in which inputs were taken since. Invariant: a snapshot is whole only when
// its end is there with as many registers as it says; registers are passed over by their keys until somebody wants them.
import {
  decodeRegisters,
  decodeSnapshotRecord,
  type OrderPoint,
  type RecordSpans,
  type SnapshotBegin,
  type SnapshotRecord,
  type Told,
} from '#libs/contracts';
import type { EventLog, LogRecord } from '#libs/event-log';
import { type Aggregate, rearm, restore } from '#libs/presence';
import { Failure } from '../failure.js';
import { RecordWalk, textAt } from '../record-walk.js';

export interface FoundSnapshot {
  readonly partition: number;
  readonly begin: SnapshotBegin;
  /** Of its beginning in `presence.snapshots`. */
  readonly offset: number;
  /** Of its end; absent = it was cut off, or is being written. */
  endOffset?: number;
}

export interface SnapshotIndex {
  /** In the order of the log. */
  readonly snapshots: readonly FoundSnapshot[];
  readonly order: readonly OrderPoint[];
}

/** A user as a snapshot holds it. */
export interface SnapshotUser {
  readonly aggregate: Aggregate;
  readonly told: Told;
}

/** Their keys begin so, and no user id does. */
const BANG = 0x21;

interface Range {
  readonly topic: string;
  readonly partition: number;
  /** Absent: the log's start, its end. */
  readonly from?: number;
  readonly to?: number;
}

export async function readSnapshotIndex(
  log: EventLog,
  { topic, partition, from = 0, to }: Range,
): Promise<SnapshotIndex> {
  const end = to ?? (await log.ends(topic))[partition] ?? 0;
  const snapshots: FoundSnapshot[] = [];
  const order: OrderPoint[] = [];
  let users = 0;
  const take = (read: SnapshotRecord, offset: number): void => {
    const last = snapshots.at(-1);
    if (read.kind === 'order') order.push(...read.points);
    else if (read.kind === 'begin') {
      snapshots.push({ partition, begin: read, offset });
      users = 0;
    } else if (last !== undefined && last.begin.atMs === read.atMs && users === last.begin.users) {
      last.endOffset = offset;
    }
  };
  const walk = new RecordWalk();
  for await (const batch of log.read(topic, partition, from, end)) {
    walk.each(batch, ({ keyBytes, keyStart }, record) => {
      if (keyStart < 0 || keyBytes[keyStart] !== BANG) users += 1;
      else take(snapshotRecordOf(record, topic, partition), record.offset);
    });
  }
  return { snapshots, order };
}

/** Everybody that a whole snapshot holds, or those whom `wants` wants; deadlines set by its policy. */
export async function readSnapshotUsers(
  log: EventLog,
  topic: string,
  { begin, partition, offset, endOffset }: FoundSnapshot,
  wants: (spans: RecordSpans) => boolean = () => true,
): Promise<Map<string, SnapshotUser>> {
  if (endOffset === undefined) throw new Error('a snapshot that is not whole holds nobody');
  const users = new Map<string, SnapshotUser>();
  const walk = new RecordWalk();
  for await (const batch of log.read(topic, partition, offset + 1, endOffset)) {
    walk.each(batch, (spans, { offset: at }) => {
      const { keyBytes, keyStart, valueBytes, valueStart, valueEnd } = spans;
      if ((keyStart >= 0 && keyBytes[keyStart] === BANG) || valueStart < 0 || !wants(spans)) return;
      const text = textAt(valueBytes, valueStart, valueEnd);
      const { userId, snapshot, told } = readRegisters(text, `${topic}-${partition} offset ${at}`);
      const aggregate = restore(snapshot);
      rearm(aggregate, begin.policy);
      users.set(userId, { aggregate, told });
    });
  }
  return users;
}

function readRegisters(text: string, where: string): ReturnType<typeof decodeRegisters> {
  try {
    return decodeRegisters(text);
  } catch {
    throw new Failure(`${where} holds no registers: the snapshot was changed, and nothing can be proven from it`);
  }
}

function snapshotRecordOf({ key, value, offset }: LogRecord, topic: string, partition: number) {
  const decoded = decodeSnapshotRecord(value === null ? null : textOf(value), key === null ? null : textOf(key));
  if (!decoded.ok) throw new Failure(`${topic}-${partition} offset ${offset} cannot be read: ${decoded.reason}`);
  return decoded.record;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
