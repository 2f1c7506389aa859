// Frames as the deliveries topic holds them, read into what the gateway applies. Invariant: a record that is no frame is
// counted and skipped; it never stops a partition.
import { isUtf8 } from 'node:buffer';
import { decodeFrame, type FrameEntry } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import { FrameOrigin } from './frame-origin.js';

export interface ReadFrame {
  readonly entries: readonly FrameEntry[];
  readonly origin: FrameOrigin;
}

export function readFrame(record: LogRecord): ReadFrame | undefined {
  const { value, headers = {} } = record;
  if (value === null || !isUtf8(value)) return undefined;
  const decoded = decodeFrame(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8'));
  if (!decoded.ok) return undefined;
  return {
    entries: decoded.record.entries,
    origin: new FrameOrigin(record.timestampMs, headers['memberships'] ?? '', headers['rooms'] ?? ''),
  };
}
