// Between records and rows: what a change says of its user, and how a row is told. Invariant: an erasure is (next life,
// version 0) without a view, newer than everything of the life that ended.
import { isUtf8 } from 'node:buffer';
import {
  decodeChange,
  findChange,
  FoundChange,
  frameEntryHead,
  KEY_NOT_UTF8,
  VALUE_NOT_UTF8,
  type News,
} from '#libs/contracts';
import { Spans, type LogRecord } from '#libs/event-log';
import { isUserId } from '#libs/matrix';
import { asciiOf, foundViewOf, textOf, type Raise, type StatesView } from '#libs/views';

const found = new FoundChange();
const spans = new Spans();

/** What a record of changes says, or why it says nothing. */
export function readChange(record: LogRecord): Raise | string {
  return foundChange(record) ?? decodedChange(record);
}

/** As our encoder writes it, without a parser; undefined: it is read the long way. */
function foundChange(record: LogRecord): Raise | undefined {
  const { key, value } = record;
  if (key === null || value === null || !findChange(spans.of(record), found)) return undefined;
  if (found.hasHigh && !isUtf8(value)) return undefined;
  const userId = asciiOf(key, 0, key.length);
  if (!isUserId(userId)) return undefined;
  const { life, version, atMs } = found;
  return { userId, life, version, changedAtMs: atMs, view: foundViewOf(found, value) };
}

function decodedChange(record: LogRecord): Raise | string {
  const key = textOf(record.key);
  const value = textOf(record.value);
  if (key === undefined) return KEY_NOT_UTF8.reason;
  if (value === undefined) return VALUE_NOT_UTF8.reason;
  const decoded = decodeChange(value, key);
  if (!decoded.ok) return decoded.reason;
  const { userId, life, version, atMs } = decoded.record;
  if (decoded.record.kind === 'forgotten') return { userId, life: life + 1, version: 0, changedAtMs: atMs };
  return { userId, life, version, changedAtMs: atMs, view: decoded.record.view };
}

/** The row's entry in a frame, up to its first recipient; `traceparent`: of what made the change that it tells. */
export function headOf(states: StatesView, row: number, traceparent?: string): string {
  const { rows } = states;
  const view = rows.viewOf(row);
  const userId = states.numbering.nameOf(row);
  const life = rows.lifeOf(row);
  const version = rows.versionOf(row);
  const changedAtMs = rows.changedAtMsOf(row);
  const news: News =
    view === undefined
      ? { kind: 'gone', userId, life, version, changedAtMs }
      : { kind: 'shown', userId, life, version, changedAtMs, view };
  return frameEntryHead(traceparent === undefined ? news : { ...news, traceparent });
}
