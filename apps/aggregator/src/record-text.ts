// Bytes as text, or the sentence why they are none. Invariant: what comes out encodes back to the same bytes. On the
// hot path: the check for UTF-8 is asked only of text that shows the sign by which broken bytes are replaced.
import { isUtf8 } from 'node:buffer';

const REPLACEMENT = '\ufffd';

/** undefined = not UTF-8. */
export function textOf(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  return text.includes(REPLACEMENT) && !isUtf8(buffer) ? undefined : text;
}
