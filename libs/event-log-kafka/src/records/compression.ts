// Undoes what foreign producers compressed. We write uncompressed and create our topics so that brokers store
// uncompressed whatever arrives (`compression.type`), so only topics made by others come here.
import { gunzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';

const NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** Not in every version of Node that we run on. */
const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Buffer };

export function decompress(codec: number, bytes: Buffer): Buffer {
  const name = NAMES[codec] ?? String(codec);
  if (name === 'gzip') return gunzipSync(bytes);
  if (name === 'zstd' && zstdDecompressSync !== undefined) return zstdDecompressSync(bytes);
  throw new Error(
    `records compressed by ${name} cannot be read: set the topic's compression.type to uncompressed (the broker then stores plain what producers compress)`,
  );
}
