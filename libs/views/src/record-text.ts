// The bytes of a record as text. Invariant: bytes that are not UTF-8 are never taken for text, so that two different keys
// cannot become one. It stands apart because the decoders are pure and take text.
import { isUtf8 } from 'node:buffer';

/** null = there are no bytes; undefined = they are not UTF-8. */
export function textOf(bytes: Uint8Array | null): string | null | undefined {
  if (bytes === null) return null;
  if (!isUtf8(bytes)) return undefined;
  return bufferOf(bytes).toString('utf8');
}

/** The same bytes; what comes from the embedded log is one already. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
