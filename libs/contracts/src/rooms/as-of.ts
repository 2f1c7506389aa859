// The header by which a record of memberships or rooms says of which time its word is: the bridge writes that of the event. Invariant:
// a record without it is as new as itself; nobody's record is refused for it.

export const AS_OF = 'as-of';

/** `timeMs`: of the event, milliseconds since the Unix epoch; undefined = it says none. */
export function asOfHeaders(timeMs: number | undefined): Readonly<Record<string, string>> | undefined {
  return timeMs === undefined ? undefined : { [AS_OF]: String(Math.max(0, timeMs)) };
}

export function asOf({
  headers,
  timestampMs,
}: {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly timestampMs: number;
}): number {
  const text = headers?.[AS_OF] ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : timestampMs;
}
