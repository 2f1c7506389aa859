// What a line at a door becomes: a record ready to be appended, nothing, or a fault. Invariant: what is appended is our
// own encoding of what was understood, so that a door never writes what a decoder refuses.

/** Topics that doors write. */
export type LineTopic = 'activity' | 'commands' | 'memberships' | 'rooms';

export type LineReading =
  | { readonly kind: 'record'; readonly topic: LineTopic; readonly key: string; readonly value: string }
  /** An empty line or a header. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'bad'; readonly error: string };

export const NOTHING: LineReading = { kind: 'nothing' };

export function badLine(error: string): LineReading {
  return { kind: 'bad', error };
}
