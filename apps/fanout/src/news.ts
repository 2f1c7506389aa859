// Between records and rows: what a change says of its user, and how a row is told. Invariant: an erasure is (next life,
// version 0) without a view, newer than everything of the life that ended.
import { decodeChange, frameEntryHead, KEY_NOT_UTF8, VALUE_NOT_UTF8, type News } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import { textOf, type Raise, type StatesView } from '#libs/views';

/** What a record of changes says, or why it says nothing. */
export function readChange(record: LogRecord): Raise | string {
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
  const stamp = {
    userId: states.numbering.nameOf(row),
    life: rows.lifeOf(row),
    version: rows.versionOf(row),
    changedAtMs: rows.changedAtMsOf(row),
  };
  const news: News = view === undefined ? { kind: 'gone', ...stamp } : { kind: 'shown', ...stamp, view };
  return frameEntryHead(traceparent === undefined ? news : { ...news, traceparent });
}
