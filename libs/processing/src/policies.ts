// What becomes of what cannot be handled, in words, chosen where the app is composed. Invariant: no policy loses a
// record silently: `reject` keeps its bytes among the rejected ones, `stop` names it.

export interface Policies {
  /** A record that the fold cannot decode. */
  readonly cannotDecode: 'reject' | 'stop';
  /** A record or timer at which the fold throws: a bug. `reject` only where a half-folded state is harmless. */
  readonly cannotProcess: 'stop' | 'reject';
  /** A transaction that fails: `retry` = from the fence, after joining again; `stop` = not without a person. */
  readonly cannotProduce: 'retry' | 'stop';
}

export const DEFAULT_POLICIES: Policies = { cannotDecode: 'reject', cannotProcess: 'stop', cannotProduce: 'retry' };
