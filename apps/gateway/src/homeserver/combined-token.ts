// The token of a /sync in front of a homeserver: ours and the homeserver's in one, `rc~OURS~THEIRS`. Invariant: what the
// homeserver issued comes back to it byte for byte, whatever it looks like; a token without our part is the homeserver's own,
// from before Rollcall stood in front of it.

export interface CombinedToken {
  /** A `since` token of the gateway; absent = none yet. */
  readonly ours?: string;
  /** Absent = a first sync. */
  readonly theirs?: string;
}

const MARK = 'rc~';

export function joinTokens(ours: string | undefined, theirs: string): string {
  return ours === undefined ? theirs : `${MARK}${ours}~${theirs}`;
}

export function splitToken(text: string | undefined): CombinedToken {
  if (text === undefined || text === '') return {};
  if (!text.startsWith(MARK)) return { theirs: text };
  const end = text.indexOf('~', MARK.length);
  if (end < 0) return { theirs: text };
  const theirs = text.slice(end + 1);
  return { ours: text.slice(MARK.length, end), ...(theirs === '' ? {} : { theirs }) };
}

/** A query (without its `?`) as the homeserver is to see it: each of our tokens is its own again, everything else untouched. */
export function withoutOurTokens(query: string): string {
  return query
    .split('&')
    .map((part) => {
      const equals = part.indexOf('=');
      if (equals < 0 || !/^rc(~|%7e)/i.test(part.slice(equals + 1))) return part;
      const { theirs = '' } = splitToken(decoded(part.slice(equals + 1)));
      return `${part.slice(0, equals)}=${encodeURIComponent(theirs)}`;
    })
    .join('&');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
