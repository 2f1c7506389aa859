// The times between which an export lies, as they are typed. Invariant: a time always has a zone or is told from now, so that
// nobody's machine decides what it means.
import { InvalidArgumentError } from 'commander';

/** Milliseconds since 1970; `fromMs` is in, `toMs` is not. Absent: from the log's start, to its end. */
export interface Window {
  readonly fromMs?: number;
  readonly toMs?: number;
}

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

const withZone = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;

/** ISO 8601 with its zone, `now`, or a span before now (`-90s`, `-30m`, `-2h`, `-1d`, `-2w`). Throws what the command line prints. */
export function readTime(text: string, nowMs: number): number {
  if (text === 'now') return nowMs;
  const [, count, unit = ''] = /^-(\d+)([smhdw])$/.exec(text) ?? [];
  if (count !== undefined) return nowMs - Number(count) * (unitMs[unit] ?? 0);
  const atMs = withZone.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(atMs)) {
    throw new InvalidArgumentError(
      'A time with its zone is needed, such as 2026-11-26T08:00Z or 2026-11-26T09:00+01:00, or a span before now, such as -2h.',
    );
  }
  return atMs;
}

export const shownTime = (atMs: number): string => new Date(atMs).toISOString();

/** For people: which times a window holds. */
export function shownWindow({ fromMs, toMs }: Window): string {
  const from = fromMs === undefined ? '' : `from ${shownTime(fromMs)}`;
  const to = toMs === undefined ? '' : `before ${shownTime(toMs)}`;
  return [from, to].filter(Boolean).join(' and ');
}
