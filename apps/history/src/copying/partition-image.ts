// What one partition of a stopped log holds of its users: the last state and registers of each, with what was folded after the
// registers were last written, and how far the inputs were folded. Invariants: nothing that the aggregator knew is missing,
// although it writes registers later than they change; no offset of the old inputs is left.
import { PresenceFold } from '#apps/aggregator';
import { INPUTS, PROGRESS_KEY, type ProgressRecord, decodeProgress, registersElsewhere } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import type { Policy } from '#libs/presence';
import { lastOfKey } from '#libs/processing';
import { Failure } from '../failure.js';
import type { OpenPlace } from './places.js';

/** The last record of a key. */
export interface Last {
  /** null = a tombstone. */
  readonly value: Uint8Array | string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timestampMs: number;
}

export interface PartitionImage {
  readonly states: ReadonlyMap<string, Last>;
  /** As they are to be stored elsewhere. */
  readonly registers: ReadonlyMap<string, Last>;
  /** undefined = nothing of this partition was ever folded. */
  readonly progress: ProgressRecord | undefined;
}

export interface ImageOrder {
  readonly place: OpenPlace;
  readonly partitions: number;
  /** As the aggregator had it. */
  readonly policy: Policy;
}

/** Keys of our own in compacted topics begin so; no user id does. */
const OWN_KEY = '!';

export async function readImage(order: ImageOrder, partition: number): Promise<PartitionImage> {
  const { place } = order;
  const states = await lastOfEach(place, place.topics.states, partition);
  const stored = await lastOfEach(place, place.topics.registers, partition);
  const progress = progressIn(states, place, partition);
  const late = progress === undefined ? new Map<string, string>() : await lateRegisters(order, partition, progress);
  const registers = new Map<string, Last>();
  const nowMs = Date.now();
  for (const [userId, { value, timestampMs }] of stored) {
    if (!userId.startsWith(OWN_KEY) && value !== null && !late.has(userId))
      registers.set(userId, { value: registersElsewhere(textOf(value)), timestampMs });
  }
  for (const [userId, text] of late) registers.set(userId, { value: registersElsewhere(text), timestampMs: nowMs });
  for (const key of [...states.keys()]) if (key.startsWith(OWN_KEY)) states.delete(key);
  return { states, registers, progress };
}

/** How far a partition was folded, from the last record of its states: every transaction ends with it. */
export async function readProgress(place: OpenPlace, partition: number): Promise<ProgressRecord | undefined> {
  const { log, topics } = place;
  const end = (await log.ends(topics.states))[partition] ?? 0;
  const text = await lastOfKey(log, { topic: topics.states, partition, end, key: PROGRESS_KEY });
  return text === undefined ? undefined : decoded(text, place);
}

/** Copies bytes: those of a read hang on whole fetches. */
async function lastOfEach({ log }: OpenPlace, topic: string, partition: number): Promise<Map<string, Last>> {
  const end = (await log.ends(topic))[partition] ?? 0;
  const last = new Map<string, Last>();
  for await (const { records } of log.read(topic, partition, 0, end)) {
    for (const { key, value, headers, timestampMs } of records) {
      if (key === null) continue;
      const kept = { value: value === null ? null : Buffer.from(value), timestampMs };
      last.set(textOf(key), headers === undefined ? kept : { ...kept, headers });
    }
  }
  return last;
}

function progressIn(
  states: ReadonlyMap<string, Last>,
  place: OpenPlace,
  partition: number,
): ProgressRecord | undefined {
  const stored = states.get(PROGRESS_KEY)?.value ?? undefined;
  if (stored !== undefined) return decoded(textOf(stored), place);
  if (states.size > 0) throw new Failure(`${place.topics.states}-${partition} has states and no progress: what is it?`);
  return undefined;
}

function decoded(text: string, { words }: OpenPlace): ProgressRecord {
  const progress = decodeProgress(text);
  if (!progress.ok) throw new Failure(`the progress stored in ${words} cannot be read: ${progress.reason}`);
  return progress.record;
}

/** Registers that inputs moved after they were last written, as the next owner would find them out. */
async function lateRegisters(
  order: ImageOrder,
  partition: number,
  progress: ProgressRecord,
): Promise<Map<string, string>> {
  const { place, partitions, policy } = order;
  const { log, topics } = place;
  const tails = INPUTS.map((input, index) => {
    const [from, to] = [progress.checkpoint[index]!, progress.inputs[index]!];
    return { topic: topics[input], from: from.nextOffset, to: to.nextOffset, reachedMs: from.reachedMs };
  });
  const late = new Map<string, string>();
  if (tails.every(({ from, to }) => from >= to)) return late;
  const dirty = new Set<number>();
  const fold = new PresenceFold(
    {
      partition,
      partitions,
      write: (topic, key, value) => {
        if (topic === topics.registers && value !== null) late.set(key, value);
      },
      appliedOffset: () => -1,
      arm: () => undefined,
      markDirty: (id) => dirty.add(id),
      markSaved: () => undefined,
    },
    { topics, policy },
  );
  for (const topic of [topics.registers, topics.states]) await restoreInto(fold, order, { topic, partition });
  for (const [input, { topic, from, to, reachedMs }] of tails.entries()) {
    let atMs = reachedMs;
    for await (const { records } of log.read(topic, partition, from, to)) {
      for (const record of records) {
        atMs = Math.max(atMs, record.timestampMs);
        fold.absorb(input, record, atMs);
      }
    }
  }
  for (const id of dirty) fold.save(id);
  return late;
}

async function restoreInto(
  fold: PresenceFold,
  { place: { log } }: ImageOrder,
  { topic, partition }: { readonly topic: string; readonly partition: number },
): Promise<void> {
  const end = (await log.ends(topic))[partition] ?? 0;
  for await (const { records } of log.read(topic, partition, 0, end))
    for (const record of records) if (!isProgress(record)) fold.restore(topic, record);
}

const isProgress = ({ key }: LogRecord): boolean => key !== null && textOf(key) === PROGRESS_KEY;

function textOf(bytes: Uint8Array | string): string {
  return typeof bytes === 'string' ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
