// A span for people: its two largest units. Invariant: it is rounded down, never up, so that a sum of spans is not less than its parts.
const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

export function shownSpan(ms: number): string {
  const largest = UNITS.findIndex(([, unitMs]) => Math.abs(ms) >= unitMs);
  if (largest < 0) return '0 s';
  const [name, unitMs] = UNITS[largest]!;
  const sign = ms < 0 ? '-' : '';
  const count = Math.floor(Math.abs(ms) / unitMs);
  const [smallerName, smallerMs] = UNITS[largest + 1] ?? ['', Infinity];
  const rest = Math.floor((Math.abs(ms) - count * unitMs) / smallerMs);
  return `${sign}${count} ${name}${rest > 0 ? ` ${rest} ${smallerName}` : ''}`;
}
