// Who was forgotten, and up to where in the history. Invariant: it is known for all partitions before the first record is
// exported, so that an export holds nothing of them; what comes after the erasure, their next life, is somebody new.
import { decodeChange } from '#libs/contracts';
import type { EventLog, LogRecord } from '#libs/event-log';
import { textOf } from '#libs/views';
import { beginsWith } from './line-file.js';

interface Erasure {
  readonly offset: number;
  readonly atMs: number;
  /** Whether the history goes on with a next life. */
  isBack: boolean;
}

export interface ForgettingOptions {
  readonly log: EventLog;
  readonly topic: string;
  /** The end of each partition, exclusive. */
  readonly ends: readonly number[];
  readonly onProgress: (records: number) => void;
  readonly ending: AbortSignal;
}

const changedHead = Buffer.from('{"type":"presence.changed",');

/** Whether it begins as the aggregator writes a change, which is no erasure. */
const isChange = (value: Uint8Array): boolean => beginsWith(value, changedHead);

/** So many keys of different sums are told from forgotten ones without a look at the table. */
const SUMS = 1 << 16;

/** A sum over the first bytes of a key, where ids differ. */
function sumOf(key: Uint8Array): number {
  let sum = key.length;
  const count = key.length < 16 ? key.length : 16;
  for (let index = 1; index < count; index++) sum = (sum * 31 + (key[index] as number)) & (SUMS - 1);
  return sum;
}

const keyText = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');

export class ForgottenUsers {
  readonly #erasures = new Map<string, Erasure>();
  /** By sum, whether a forgotten user has it: most keys are answered by one look. */
  readonly #sums = new Uint8Array(SUMS);
  /** The last erasure of each partition, −1 without one: tells whether an older export still holds somebody. */
  readonly lastErasures: number[];

  private constructor(partitions: number) {
    this.lastErasures = new Array<number>(partitions).fill(-1);
  }

  /** Reads all of `presence.changes`, only looking at the beginning of each record. */
  static async find({ log, topic, ends, onProgress, ending }: ForgettingOptions): Promise<ForgottenUsers> {
    const users = new ForgottenUsers(ends.length);
    let records = 0;
    for (const [partition, end] of ends.entries()) {
      for await (const batch of log.read(topic, partition, 0, end)) {
        for (const record of batch.records) users.#take(record, partition);
        records += batch.records.length;
        onProgress(records);
        if (ending.aborted) return users;
      }
    }
    return users;
  }

  /** Whether a change was made before its user was forgotten. The key is the user id's bytes. */
  hidesChange(key: Uint8Array | null, offset: number): boolean {
    const erasure = key === null ? undefined : this.#erasureOf(key);
    return erasure !== undefined && offset <= erasure.offset;
  }

  /** Whether a membership is that of somebody forgotten: always while they are gone, else when it is from before. */
  hidesMembership(userId: string, timestampMs: number): boolean {
    if (this.#erasures.size === 0) return false;
    const erasure = this.#erasureOf(Buffer.from(userId));
    return erasure !== undefined && (!erasure.isBack || timestampMs <= erasure.atMs);
  }

  #take({ key, value, offset }: LogRecord, partition: number): void {
    if (key === null || value === null) return;
    if (isChange(value)) return this.#goOn(key);
    const decoded = decodeChange(textOf(value) ?? null, textOf(key) ?? null);
    if (!decoded.ok) return;
    if (decoded.record.kind === 'changed') return this.#goOn(key);
    this.#sums[sumOf(key)] = 1;
    this.#erasures.set(keyText(key), { offset, atMs: decoded.record.atMs, isBack: false });
    this.lastErasures[partition] = offset;
  }

  #goOn(key: Uint8Array): void {
    const erasure = this.#erasureOf(key);
    if (erasure !== undefined) erasure.isBack = true;
  }

  #erasureOf(key: Uint8Array): Erasure | undefined {
    if (this.#erasures.size === 0 || this.#sums[sumOf(key)] === 0) return undefined;
    return this.#erasures.get(keyText(key));
  }
}
