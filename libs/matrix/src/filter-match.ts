// Applying a filter to presence events. Invariant: `not_*` wins; a list that is given and matches nothing lets nothing
// through, the empty list included. Made once per filter, asked once per event.
import type { PresenceFilter } from './filter.js';

const TYPE = 'm.presence';

/** Asks whether an `m.presence` of a sender passes; undefined = everything passes, nothing needs to be asked. */
export type SenderTest = (sender: string) => boolean;

export function presenceTest(filter: PresenceFilter): SenderTest | undefined {
  if (!passesTypes(filter)) return () => false;
  const { senders, notSenders } = filter;
  if (senders === undefined && (notSenders === undefined || notSenders.length === 0)) return undefined;
  const wanted = senders === undefined ? undefined : new Set(senders);
  const unwanted = new Set(notSenders);
  return (sender) => !unwanted.has(sender) && (wanted === undefined || wanted.has(sender));
}

function passesTypes({ types, notTypes }: PresenceFilter): boolean {
  if (notTypes?.some((pattern) => matchesWildcard(pattern, TYPE)) === true) return false;
  return types === undefined || types.some((pattern) => matchesWildcard(pattern, TYPE));
}

/** `*` stands for any sequence of characters. Linear in both: a filter is somebody else's text. */
export function matchesWildcard(pattern: string, text: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let resume = 0;
  while (from < text.length) {
    if (pattern[at] === '*') {
      star = at;
      resume = from;
      at += 1;
    } else if (at < pattern.length && pattern[at] === text[from]) {
      at += 1;
      from += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      from = resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
