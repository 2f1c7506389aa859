// Who asks, for every door in one place: the token's verdict as a caller, or the refusal that Matrix has for it. Invariant: no
// door is served before the views have been read once, and none without this question but those that hold nobody's data.
import type { Authentication, Caller, Verdict } from '../authentication/caller.js';
import { refuse } from './refused-request.js';
import { originOf, tokenOf, type Asking } from './request-reading.js';

export type UserCaller = Extract<Caller, { kind: 'user' }>;

export class WhoAsks {
  constructor(private readonly authentication: Authentication) {}

  /** At once where the token is known at once, as most are. */
  caller(request: Asking): Caller | Promise<Caller> {
    const verdict = this.authentication.check(tokenOf(request), originOf(request));
    return verdict instanceof Promise ? verdict.then(accepted) : accepted(verdict);
  }

  user(request: Asking): UserCaller | Promise<UserCaller> {
    const caller = this.caller(request);
    return caller instanceof Promise ? caller.then(aUser) : aUser(caller);
  }

  async admin(request: Asking): Promise<void> {
    const caller = await this.caller(request);
    if (caller.kind !== 'admin') refuse('M_FORBIDDEN', 'Only the administrator may do this');
  }
}

function aUser(caller: Caller): UserCaller {
  return caller.kind === 'user' ? caller : refuse('M_FORBIDDEN', 'The administrator is no user');
}

function accepted(verdict: Verdict): Caller {
  return verdict.kind === 'refused' ? refuse('M_UNKNOWN_TOKEN', verdict.reason) : verdict;
}
