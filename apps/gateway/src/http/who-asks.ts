// Who asks, for every door in one place: the token's verdict as a caller, or the refusal that Matrix has for it. Invariant: no
// door is served before the views have been read once, and none without this question but those that hold nobody's data.
import type { FastifyRequest } from 'fastify';
import type { Authentication, Caller, Verdict } from '../authentication/caller.js';
import { refuse } from './refused-request.js';
import { originOf, tokenOf } from './request-reading.js';

export type UserCaller = Extract<Caller, { kind: 'user' }>;

export class WhoAsks {
  constructor(private readonly authentication: Authentication) {}

  async caller(request: FastifyRequest): Promise<Caller> {
    return accepted(await this.authentication.check(tokenOf(request), originOf(request)));
  }

  async user(request: FastifyRequest): Promise<UserCaller> {
    const caller = await this.caller(request);
    return caller.kind === 'user' ? caller : refuse('M_FORBIDDEN', 'The administrator is no user');
  }

  async admin(request: FastifyRequest): Promise<void> {
    const caller = await this.caller(request);
    if (caller.kind !== 'admin') refuse('M_FORBIDDEN', 'Only the administrator may do this');
  }
}

function accepted(verdict: Verdict): Caller {
  return verdict.kind === 'refused' ? refuse('M_UNKNOWN_TOKEN', verdict.reason) : verdict;
}
