// Kafka's default partitioner: murmur2 of the key's UTF-8 bytes, made positive, modulo the partitions. Invariant: the
// same key goes to the same partition as from any Kafka client. It stands apart because every adapter and codec needs it.

const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const POSITIVE = 0x7fffffff;
const encoder = new TextEncoder();
let scratch = new Uint8Array(1024);

/** Writes an ASCII string into the scratch bytes; -1 when it holds anything else or is too long. */
const writeAscii = (text: string): number => {
  const length = text.length;
  if (length > scratch.length) return -1;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code > 127) return -1;
    scratch[at] = code;
  }
  return length;
};

const hash = (bytes: Uint8Array, length: number): number => {
  let h = SEED ^ length;
  const whole = length & ~3;
  for (let at = 0; at < whole; at += 4) {
    let k =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    h = Math.imul(h, M) ^ Math.imul(k, M);
  }
  const rest = length & 3;
  if (rest === 3) h ^= (bytes[whole + 2] as number) << 16;
  if (rest >= 2) h ^= (bytes[whole + 1] as number) << 8;
  if (rest >= 1) h = Math.imul(h ^ (bytes[whole] as number), M);
  h = Math.imul(h ^ (h >>> 13), M);
  return h ^ (h >>> 15);
};

/** The signed 32-bit murmur2 of a key, as Kafka's clients compute it. */
export const murmur2 = (key: string | Uint8Array): number => {
  if (typeof key !== 'string') return hash(key, key.length);
  const length = writeAscii(key);
  if (length >= 0) return hash(scratch, length);
  if (scratch.length < key.length * 3) scratch = new Uint8Array(key.length * 3);
  return hash(scratch, encoder.encodeInto(key, scratch).written);
};

/** Where a key goes in a topic of so many partitions. */
export const partitionOf = (key: string | Uint8Array, partitions: number): number =>
  (murmur2(key) & POSITIVE) % partitions;
