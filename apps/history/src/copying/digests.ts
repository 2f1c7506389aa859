// Counts and digests by which two logs are compared, however their partitions differ. Invariants: a digest depends on what is
// kept of every key and, in the history, on the order of each user's changes; not on partitions or on what compaction has taken.
import { createHash } from 'node:crypto';
import type { EventLog } from '#libs/event-log';
import { type ImageOrder, readImage } from './partition-image.js';

export interface Digest {
  readonly count: number;
  /** 16 hexadecimal digits. */
  readonly digest: string;
}

const MASK = (1n << 64n) - 1n;

/** A sum of hashes: the order of what is added does not matter. */
class Sum {
  #count = 0;
  #sum = 0n;

  add(hash: bigint, count = 1): void {
    this.#count += count;
    this.#sum = (this.#sum + hash) & MASK;
  }

  get digest(): Digest {
    return { count: this.#count, digest: this.#sum.toString(16).padStart(16, '0') };
  }
}

function hashOf(...parts: readonly (string | Uint8Array)[]): bigint {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest().readBigUInt64BE(0);
}

/** Something is in a partition where nobody will look for it. */
export class MisplacedError extends Error {
  override readonly name = 'MisplacedError';
}

/** Of the last value of every key that has one; keys of our own begin with `!`. */
export async function digestOfTable(log: EventLog, topic: string, ownKeys: 'none' | 'left out'): Promise<Digest> {
  const sum = new Sum();
  const ends = await log.ends(topic);
  for (const [partition, end] of ends.entries()) {
    const last = new Map<string, bigint>();
    for await (const { records } of log.read(topic, partition, 0, end)) {
      for (const { key, value } of records) {
        if (key === null) continue;
        const text = Buffer.from(key).toString();
        if (ownKeys === 'left out' && text.startsWith('!')) continue;
        if (log.partitionOf(key, ends.length) !== partition)
          throw new MisplacedError(`a record of ${topic}-${partition} belongs to another partition`);
        if (value === null) last.delete(text);
        else last.set(text, hashOf(text, value));
      }
    }
    for (const hash of last.values()) sum.add(hash);
  }
  return sum.digest;
}

/** Of what a stopped log holds of its users, as it is to be stored elsewhere. */
export async function digestsOfImages(order: ImageOrder): Promise<{ states: Digest; registers: Digest }> {
  const sums = { states: new Sum(), registers: new Sum() };
  for (let partition = 0; partition < order.partitions; partition += 1) {
    const image = await readImage(order, partition);
    for (const table of ['states', 'registers'] as const)
      for (const [key, { value }] of image[table]) if (value !== null) sums[table].add(hashOf(key, value));
  }
  return { states: sums.states.digest, registers: sums.registers.digest };
}

/** Of all changes not older than `sinceMs`, each user's in their order. */
export async function digestOfChanges(log: EventLog, topic: string, sinceMs: number): Promise<Digest> {
  const sum = new Sum();
  const ends = await log.ends(topic);
  for (const [partition, end] of ends.entries()) {
    const chains = new Map<string, { hash: bigint; count: number }>();
    for await (const { records } of log.read(topic, partition, 0, end)) {
      for (const { key, value, timestampMs } of records) {
        if (key === null || timestampMs < sinceMs) continue;
        const text = Buffer.from(key).toString();
        const before = chains.get(text);
        const hash = hashOf(text, String(before?.hash ?? 0n), String(timestampMs), value ?? '');
        chains.set(text, { hash, count: (before?.count ?? 0) + 1 });
      }
    }
    for (const { hash, count } of chains.values()) sum.add(hash, count);
  }
  return sum.digest;
}
