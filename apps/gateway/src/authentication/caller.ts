// Who is asking, as a port: every way of checking a token answers in these words. Invariant: a token that no method knows is
// refused, and one that could not be checked (the homeserver is away) is neither refused nor accepted.

export type Caller =
  { readonly kind: 'user'; readonly userId: string; readonly deviceId: string } | { readonly kind: 'admin' };

/** The device of a token that has none. */
export const NO_DEVICE = '_';

/** Where a request says that it comes from: development tokens look at it. */
export interface RequestOrigin {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`: browsers say it of requests that carry no `Origin`, too. */
  readonly fetchSite: string | undefined;
  /** A `Forwarded` or `X-Forwarded-*` header is there. */
  readonly forwarded: boolean;
}

export interface Refused {
  readonly kind: 'refused';
  /** A sentence for the client; never the token. */
  readonly reason: string;
}

export type Verdict = Caller | Refused;

/** One way of checking. `undefined`: not a token of this way; ask the next. Throws `CannotCheckError` when it cannot tell now. */
export interface TokenMethod {
  readonly name: string;
  /** `digest` makes the token's, once for all methods. */
  check(token: string, origin: RequestOrigin, digest: () => string): Verdict | undefined | Promise<Verdict | undefined>;
  /** Of a way that remembers. */
  forget?(token: string): void;
}

export interface Authentication {
  /** The names of the methods, for the start-up line. */
  readonly methods: readonly string[];
  check(token: string, origin: RequestOrigin): Verdict | Promise<Verdict>;
  /** What is remembered of a token is not true any more: the homeserver has just refused it. */
  forget?(token: string): void;
}

/** The token could not be checked now; the same request may succeed later. */
export class CannotCheckError extends Error {
  override readonly name = 'CannotCheckError';

  constructor(
    sentence: string,
    /** Nobody could be reached, whatever the token: an answer may be a matter of this one token. */
    readonly isAway = false,
  ) {
    super(sentence);
  }
}
