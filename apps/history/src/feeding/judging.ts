// A line → what is to be written, or why not. Invariant: what is judged good here is what the topic's decoder takes; bytes that
// are no text are no record. `unchecked` takes the bytes as they are, under the key that was given, to try poison.
import { isUtf8 } from 'node:buffer';
import { LINE_READERS, type LineReading, type LineTopic, readMembershipCsvLine } from '#libs/contracts';
import { type Line, MAX_LINE_BYTES } from './line-splitter.js';

export type Judged =
  | { readonly kind: 'record'; readonly line: number; readonly key: string; readonly value: string | Uint8Array }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'bad'; readonly line: number; readonly error: string };

export type Judge = (line: Line) => Judged;

const NOTHING: Judged = { kind: 'nothing' };

function judgeText(line: Line, read: (text: string) => LineReading): Judged {
  const { number, bytes } = line;
  if (bytes === undefined) return { kind: 'bad', line: number, error: `longer than ${MAX_LINE_BYTES} bytes` };
  if (!isUtf8(bytes)) return { kind: 'bad', line: number, error: 'not valid UTF-8' };
  const reading = read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  switch (reading.kind) {
    case 'record':
      return { kind: 'record', line: number, key: reading.key, value: reading.value };
    case 'bad':
      return { kind: 'bad', line: number, error: reading.error };
    case 'nothing':
      return NOTHING;
  }
}

export type LineFormat = 'ndjson' | 'csv';

export function judgeOf(topic: LineTopic, format: LineFormat): Judge {
  if (format === 'csv') return (line) => judgeText(line, (text) => readMembershipCsvLine(text, line.number));
  return (line) => judgeText(line, LINE_READERS[topic]);
}

export function uncheckedJudge(key: string): Judge {
  return ({ number, bytes }) =>
    bytes === undefined
      ? { kind: 'bad', line: number, error: `longer than ${MAX_LINE_BYTES} bytes` }
      : { kind: 'record', line: number, key, value: bytes };
}
