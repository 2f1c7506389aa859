// A record as one line of JSON, as `rollcall log read` prints it. Invariant: every record has a line, whatever its bytes, and
// the line has no other line break than its last.
import { isUtf8 } from 'node:buffer';
import type { LogRecord } from '#libs/event-log';

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');

/** The parsed JSON; null for a tombstone; a string if it is not JSON; `{"base64":…}` if it is not UTF-8. */
function shownValue(value: Uint8Array | null): unknown {
  if (value === null) return null;
  if (!isUtf8(value)) return { base64: Buffer.from(value).toString('base64') };
  const text = textOf(value);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

export function recordLine(partition: number, { offset, timestampMs, key, value, headers }: LogRecord): string {
  const shown = {
    partition,
    offset,
    timestamp: timestampMs,
    key: key === null ? null : textOf(key),
    value: shownValue(value),
    headers: headers ?? {},
  };
  return `${JSON.stringify(shown)}\n`;
}
