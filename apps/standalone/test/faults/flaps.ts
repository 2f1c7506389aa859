// Who was shown offline although a client of theirs was there all the time: from the history, where nothing is left out.
// Invariant: a span begins when everybody has been seen, and ends before anybody leaves; within it there is no excuse.
import { decodeChange, type TopicNames } from '#libs/contracts';
import type { TopicRecords } from './history-oracle.js';

export interface Span {
  /** By the log's clock, milliseconds. */
  readonly fromMs: number;
  readonly toMs: number;
}

export function flapsOf(
  records: TopicRecords,
  topics: TopicNames,
  users: readonly string[],
  { fromMs, toMs }: Span,
): string[] {
  const steady = new Set(users);
  const faults: string[] = [];
  for (const { key, value } of records(topics.changes).flat()) {
    const decoded = decodeChange(value, key);
    if (!decoded.ok || !steady.has(decoded.record.userId)) continue;
    const { userId, atMs } = decoded.record;
    const isGone = decoded.record.kind === 'forgotten' || decoded.record.view.presence === 'offline';
    if (isGone && atMs >= fromMs && atMs < toMs)
      faults.push(`${userId} was shown offline ${atMs - fromMs} ms after the beginning: ${String(value)}`);
  }
  return faults;
}

/** Users of whom the history tells anything yet. */
export function seenIn(records: TopicRecords, { changes }: TopicNames): ReadonlySet<string> {
  return new Set(
    records(changes)
      .flat()
      .map(({ key }) => String(key)),
  );
}
