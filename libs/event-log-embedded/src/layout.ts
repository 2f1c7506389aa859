// How the log lies in LMDB: one B-tree, keys prefixed by what they hold, big-endian so that order is order. Invariant: a
// layout once released is read for ever; `format` in the root record names it. Pure bytes; nothing here knows LMDB.

/** The version of everything below. */
export const FORMAT = 1;

const HEAD = 4;
const OFFSET = 5;
const CHUNK = 6;

/** {format, nextTopic, revision}: the next topic number, and a count that moves with every change of topics. */
export const ROOT_KEY = Buffer.from([1]);
/** Who writes. */
export const HOLDER_KEY = Buffer.from([2]);
export const TOPIC_PREFIX = 3;
export const TRASH_PREFIX = 7;

export const topicKey = (name: string): Buffer => Buffer.concat([Buffer.from([TOPIC_PREFIX]), Buffer.from(name)]);

/** Deleted topics whose chunks are still to be removed. */
export const trashKey = (topic: number): Buffer => {
  const key = Buffer.alloc(5);
  key[0] = TRASH_PREFIX;
  key.writeUInt32BE(topic, 1);
  return key;
};

const partitionKey = (prefix: number, topic: number, partition: number, rest: number): Buffer => {
  const key = Buffer.allocUnsafe(9 + rest);
  key[0] = prefix;
  key.writeUInt32BE(topic, 1);
  key.writeUInt32BE(partition, 5);
  return key;
};

export const headKey = (topic: number, partition: number): Buffer => partitionKey(HEAD, topic, partition, 0);

/** Chunks lie under the offset at which they begin; positive doubles sort like their bytes. */
export const chunkKey = (topic: number, partition: number, offset: number): Buffer => {
  const key = partitionKey(CHUNK, topic, partition, 8);
  key.writeDoubleBE(offset, 9);
  return key;
};

/** Reads the offset out of a chunk's key. */
export const chunkOffset = (key: Buffer): number => key.readDoubleBE(9);

const OFFSET_SEPARATOR = Buffer.from([0]);

/** Everything a group committed for a topic lies under this prefix. */
export const offsetsPrefix = (group: string, topic: string): Buffer =>
  Buffer.concat([Buffer.from([OFFSET]), Buffer.from(group), OFFSET_SEPARATOR, Buffer.from(topic), OFFSET_SEPARATOR]);

export const offsetKey = (group: string, topic: string, partition: number): Buffer => {
  const number = Buffer.alloc(4);
  number.writeUInt32BE(partition);
  return Buffer.concat([offsetsPrefix(group, topic), number]);
};

/** The first key after all keys that begin with a prefix (of bytes that are not all 255). */
export const afterPrefix = (prefix: Buffer): Buffer => {
  const after = Buffer.from(prefix);
  for (let at = after.length - 1; at >= 0; at--) {
    if ((after[at] as number) < 255) {
      after[at] = (after[at] as number) + 1;
      return after.subarray(0, at + 1);
    }
  }
  throw new RangeError('A prefix of nothing but 255 has no successor');
};

/** What is kept of a partition beside its chunks. */
export interface Head {
  /** The log's start. */
  start: number;
  /** The next offset to be given. */
  next: number;
  /** The latest time stamped. */
  reachedMs: number;
  /** Before this offset no key lies twice (compacted topics). */
  cleanedTo: number;
  /** Bytes of chunks before `cleanedTo`, and after it. */
  cleanBytes: number;
  dirtyBytes: number;
}

export const emptyHead = (): Head => ({ start: 0, next: 0, reachedMs: 0, cleanedTo: 0, cleanBytes: 0, dirtyBytes: 0 });

const HEAD_FIELDS = ['start', 'next', 'reachedMs', 'cleanedTo', 'cleanBytes', 'dirtyBytes'] as const;

export const encodeHead = (head: Head): Buffer => {
  const bytes = Buffer.allocUnsafe(HEAD_FIELDS.length * 8);
  HEAD_FIELDS.forEach((field, i) => bytes.writeDoubleLE(head[field], i * 8));
  return bytes;
};

export const decodeHead = (bytes: Buffer): Head => {
  const head = emptyHead();
  HEAD_FIELDS.forEach((field, i) => (head[field] = bytes.readDoubleLE(i * 8)));
  return head;
};
