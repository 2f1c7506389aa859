// Whether this gateway takes development tokens of this request: then the page signs in by itself, and a town may be simulated.
// Invariant: asked of the one place that decides it for every request; nothing here has a rule of its own.
import type { Authentication, RequestOrigin } from '../authentication/caller.js';

export const DEVELOPMENT_ADMIN = 'dev|admin';

export async function takesDevelopmentTokens(authentication: Authentication, origin: RequestOrigin): Promise<boolean> {
  // A method that is asked for tokens elsewhere need not be asked for this one.
  if (!authentication.methods.includes('development tokens')) return false;
  return (await authentication.check(DEVELOPMENT_ADMIN, origin)).kind === 'admin';
}

/** A request of this very machine, for what starts without one. */
export const LOCAL: RequestOrigin = { host: 'localhost', origin: undefined, fetchSite: undefined, forwarded: false };
