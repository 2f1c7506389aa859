// What decoding gives: the record, or one sentence that says why there is none. Invariant: a decoder never throws, and
// a reason never holds a status message or the word undefined.

export type Decoded<T> = { readonly ok: true; readonly record: T } | Undecodable;

export interface Undecodable {
  readonly ok: false;
  /** One sentence for whoever reads the record among the rejected ones. */
  readonly reason: string;
}

export function decoded<T>(record: T): Decoded<T> {
  return { ok: true, record };
}

export function undecodable(reason: string): Undecodable {
  return { ok: false, reason };
}

/** For whoever turns bytes into text: bytes that are not UTF-8 never become a record. */
export const VALUE_NOT_UTF8: Undecodable = undecodable('the value is not UTF-8');
export const KEY_NOT_UTF8: Undecodable = undecodable('the key is not UTF-8');
