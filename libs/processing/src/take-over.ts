// Becoming the owner of a partition, in the one order that is safe: fence the owner before, then ask for the stable
// ends, then read to them, then find where the inputs go on. Invariant: nothing that was read before the fence is used
// after it. Each step is a function of its own; a task runs them and nothing else does.
import {
  ListedRecords,
  PackedRecord,
  type EventLog,
  type LogRecord,
  type RecordBatch,
  type Transactor,
} from '#libs/event-log';
import type { Fold } from './fold.js';
import type { LostRange, Position, Progress, Topology } from './progress.js';
import { AbandonedError, InputLostError, TaskStoppedError } from './stops.js';
import type { TaskOwner } from './task-settings.js';

/** Offsets: where the last progress is looked for first. */
const LOOK_BACK = 64;

export interface TakeOverParts {
  readonly log: EventLog;
  readonly partition: number;
  readonly transactionalId: string;
  readonly topology: Topology;
  readonly fold: Fold;
  /** Goes on where retention has passed the checkpoint, and records what was lost. */
  readonly acceptLoss: boolean;
  /** Asked between steps; true = nobody wants this task any more. */
  readonly isAbandoned: () => boolean;
  /** Told with every batch of what is restored: offsets passed, of how many. */
  readonly onRead: (passed: number, total: number) => void;
  /** Told as soon as there is one, so that it is closed whatever happens next. */
  readonly onTransactor: (transactor: Transactor) => void;
  /** When it is this partition's turn to read; until then it waits, fenced. Told with every batch that reading goes on. */
  readonly inTurn: TaskOwner['inTurn'];
  /** Told how many partitions each input has, before anything of them is absorbed. */
  readonly onPartitions: (partitions: number) => void;
}

/** What the new owner goes on from. */
export interface TakenOver {
  readonly progress: Progress;
  /** Whether the owner before left a progress record. */
  readonly known: boolean;
  /** Registers and states read. */
  readonly records: number;
  /** Inputs of the silent tail. */
  readonly absorbed: number;
}

export async function takeOver(parts: TakeOverParts): Promise<TakenOver> {
  await fence(parts);
  const ends = await stableEnds(parts);
  return parts.inTurn((moved) => readUpTo(ends, { ...parts, moved }));
}

interface ReadingParts extends TakeOverParts {
  /** Told with every batch read. */
  readonly moved: () => void;
}

async function readUpTo(ends: readonly number[], parts: ReadingParts): Promise<TakenOver> {
  if (parts.isAbandoned()) throw new AbandonedError('closed while waiting for its turn');
  const { stored, records } = await readRestored(parts, ends);
  const starts = await startsOf(parts);
  const progress = await goOnFrom(parts, stored, starts);
  const absorbed = stored === undefined ? 0 : await absorbTail(parts, stored.checkpoint, progress.inputs);
  return { progress, known: stored !== undefined, records, absorbed };
}

/** Nothing of an older owner is committed once this has resolved, and what it had committed can be read. */
async function fence(parts: TakeOverParts): Promise<void> {
  const { log, partition, topology, transactionalId, onTransactor, isAbandoned } = parts;
  const { restored, progress, rejected } = topology;
  const written = [...restored, progress, ...(topology.written ?? []), rejected];
  const transactor = await log.transactor(
    transactionalId,
    written.map((topic) => ({ topic, partition })),
  );
  onTransactor(transactor);
  if (isAbandoned()) throw new AbandonedError('closed while fencing');
}

/** Of what is restored, in its order, and last of the progress. */
async function stableEnds({ log, partition, topology, isAbandoned }: TakeOverParts): Promise<readonly number[]> {
  const topics = [...topology.restored, topology.progress];
  const ends = await Promise.all(topics.map((topic) => log.ends(topic)));
  if (isAbandoned()) throw new AbandonedError('closed while asking for the ends');
  return ends.map((of, index) => partitionOf(of, partition, topics[index]!));
}

interface Restored {
  readonly stored: Progress | undefined;
  readonly records: number;
}

async function readRestored(parts: ReadingParts, ends: readonly number[]): Promise<Restored> {
  const { log, partition, topology, fold, isAbandoned, onRead, moved } = parts;
  const { restored, progress, codec } = topology;
  const progressKey = Buffer.from(codec.key);
  let records = 0;
  let passed = 0;
  let total = ends.slice(0, restored.length).reduce((sum, end) => sum + end, 0);
  const readWhole = async (topic: string, end: number): Promise<void> => {
    const before = passed;
    for await (const batch of log.read(topic, partition, 0, end)) {
      if (isAbandoned()) throw new AbandonedError('closed while restoring');
      records += forEachRecord(batch, (record) => {
        if (topic !== progress || !isKey(record, progressKey)) fold.restore(topic, record);
      });
      onRead(before + batch.nextOffset, total);
      moved();
    }
    passed = before + end;
  };
  for (const [index, topic] of restored.entries()) await readWhole(topic, ends[index]!);
  const end = ends[restored.length]!;
  if (fold.needsProgressTopic?.() === true) {
    total += end;
    await readWhole(progress, end);
  }
  const stored = await lastOfKey(log, { topic: progress, partition, end, key: codec.key });
  if (isAbandoned()) throw new AbandonedError('closed while restoring');
  return { stored: stored === undefined ? undefined : codec.decode(stored), records };
}

/** Of a record that every transaction on its partition ends with. */
export interface EndingRecord {
  readonly topic: string;
  readonly partition: number;
  /** The stable end. */
  readonly end: number;
  readonly key: string;
}

/** The last value under that key, looked for from the end: it lies there, unless transactions after it were aborted. */
export async function lastOfKey(
  log: EventLog,
  { topic, partition, end, key }: EndingRecord,
): Promise<string | undefined> {
  const wanted = Buffer.from(key);
  let last: string | undefined;
  for (let back = LOOK_BACK; ; back *= 8) {
    const from = Math.max(0, end - back);
    for await (const batch of log.read(topic, partition, from, end)) {
      forEachRecord(batch, (record) => {
        if (isKey(record, wanted)) last = textOf(record);
      });
    }
    if (last !== undefined || from === 0) return last;
  }
}

async function startsOf({ log, partition, topology, onPartitions }: TakeOverParts): Promise<readonly number[]> {
  const starts = await Promise.all(topology.inputs.map((topic) => log.starts(topic)));
  onPartitions(starts[0]?.length ?? 0);
  return starts.map((of, index) => partitionOf(of, partition, topology.inputs[index]!));
}

/** The stored progress, or the log's start; refuses to skip what retention took, unless that was accepted. */
async function goOnFrom(
  parts: TakeOverParts,
  stored: Progress | undefined,
  starts: readonly number[],
): Promise<Progress> {
  if (stored === undefined) {
    const inputs = starts.map((nextOffset): Position => ({ nextOffset, reachedMs: -Infinity }));
    return { inputs, checkpoint: inputs, acceptedLoss: [] };
  }
  const lost = starts.flatMap((toOffset, input): LostRange[] => {
    const fromOffset = stored.checkpoint[input]!.nextOffset;
    return toOffset > fromOffset ? [{ input, fromOffset, toOffset }] : [];
  });
  if (lost.length > 0 && !parts.acceptLoss) throw new InputLostError(lost, lossSentence(parts, lost));
  await requireEnds(parts, stored);
  const inputs = stored.inputs.map(({ nextOffset, reachedMs }, input) => ({
    nextOffset: Math.max(nextOffset, starts[input]!),
    reachedMs,
  }));
  const { checkpoint, timersMs } = stored;
  const acceptedLoss = [...stored.acceptedLoss, ...lost];
  return { inputs, checkpoint, acceptedLoss, ...(timersMs === undefined ? {} : { timersMs }) };
}

/** An input that ends before what was already folded of it is another topic of the same name. */
async function requireEnds({ log, partition, topology }: TakeOverParts, stored: Progress): Promise<void> {
  const ends = await Promise.all(topology.inputs.map((topic) => log.ends(topic)));
  for (const [input, topic] of topology.inputs.entries()) {
    const end = partitionOf(ends[input]!, partition, topic);
    const { nextOffset } = stored.inputs[input]!;
    if (end < nextOffset) {
      throw new TaskStoppedError(
        `${topic}-${partition} ends at ${end}, before ${nextOffset} up to which it was folded: it is not the same topic any more`,
      );
    }
  }
}

function lossSentence({ partition, topology }: TakeOverParts, lost: readonly LostRange[]): string {
  const ranges = lost.map(
    ({ input, fromOffset, toOffset }) =>
      `${topology.inputs[input]!}-${partition} offsets ${fromOffset} to ${toOffset - 1}`,
  );
  return `retention took ${ranges.join(' and ')} before they were folded; start with loss accepted to go on without them`;
}

/** Re-folds what lies between checkpoint and progress, without telling anybody; each register knows what it has. */
async function absorbTail(
  parts: ReadingParts,
  checkpoint: readonly Position[],
  progress: readonly Position[],
): Promise<number> {
  const { log, partition, topology, fold, isAbandoned, moved } = parts;
  let absorbed = 0;
  for (const [input, topic] of topology.inputs.entries()) {
    let { reachedMs } = checkpoint[input]!;
    const from = checkpoint[input]!.nextOffset;
    const to = progress[input]!.nextOffset;
    if (from >= to) continue;
    for await (const batch of log.read(topic, partition, from, to)) {
      if (isAbandoned()) throw new AbandonedError('closed while re-folding');
      absorbed += forEachRecord(batch, (record) => {
        if (record.timestampMs > reachedMs) reachedMs = record.timestampMs;
        fold.absorb(input, record, reachedMs);
      });
      moved();
    }
  }
  return absorbed;
}

/** Without an object for each where the log can; returns how many there were. */
function forEachRecord(batch: RecordBatch, use: (record: LogRecord) => void): number {
  const cursor = batch.packed?.cursor() ?? new ListedRecords(batch.records);
  const into = new PackedRecord();
  const count = cursor.left;
  for (let record = cursor.next(into); record !== undefined; record = cursor.next(into)) use(record);
  return count;
}

function partitionOf(offsets: readonly number[], partition: number, topic: string): number {
  const offset = offsets[partition];
  if (offset === undefined)
    throw new TaskStoppedError(`${topic} has no partition ${partition}: the partition counts of its topics differ`);
  return offset;
}

function isKey(record: LogRecord, wanted: Buffer): boolean {
  if (record instanceof PackedRecord && record.keyEnd - record.keyStart !== wanted.length) return false;
  const { key } = record;
  return key !== null && key.length === wanted.length && wanted.equals(key);
}

function textOf({ value }: LogRecord): string | undefined {
  return value === null ? undefined : Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
}
