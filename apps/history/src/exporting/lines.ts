// What every kind of record says of itself on its way into an export. It stands apart so that the run knows no topic.
import type { LogRecord } from '#libs/event-log';
import type { LineFile } from './line-file.js';

export type Judged =
  | { readonly word: 'written'; readonly atMs: number }
  /** Of somebody who was forgotten. */
  | { readonly word: 'hidden' }
  /** Outside the times that were asked for. */
  | { readonly word: 'outside'; readonly atMs: number }
  | { readonly word: 'unreadable'; readonly reason: string };

export interface LineWriter {
  /** Adds one line, or says why not. */
  add(record: LogRecord, file: LineFile): Judged;
}

export const hidden: Judged = { word: 'hidden' };

export const outside = (atMs: number): Judged => ({ word: 'outside', atMs });
