// Tokens that say who they are (`dev|@alice:localhost|PHONE`, `dev|admin`), for trying things out on one's own machine.
// Invariant: accepted only where nobody else can reach them: composed only for a loopback bind without any other method, and
// then only for requests that name a loopback host, came through no proxy and from no foreign page. It stands apart because
// every one of these conditions is a security boundary with a test of its own.
import { isUserId } from '#libs/matrix';
import { NO_DEVICE, type RequestOrigin, type TokenMethod, type Verdict } from './caller.js';
import { hostOf, isLoopbackHost } from './loopback.js';

const PREFIX = 'dev|';

export class DevelopmentTokens implements TokenMethod {
  readonly name = 'development tokens';

  check(token: string, origin: RequestOrigin): Verdict | undefined {
    if (!token.startsWith(PREFIX)) return undefined;
    const complaint = complaintAbout(origin);
    if (complaint !== undefined) return { kind: 'refused', reason: `Development tokens are refused: ${complaint}` };
    return (
      callerOf(token.slice(PREFIX.length)) ?? {
        kind: 'refused',
        reason: 'Development tokens look like dev|@alice:localhost|PHONE or dev|admin',
      }
    );
  }
}

function complaintAbout(origin: RequestOrigin): string | undefined {
  if (origin.forwarded) return 'the request came through a proxy';
  const host = origin.host === undefined ? undefined : hostOf(origin.host);
  if (host === undefined || !isLoopbackHost(host)) return 'the Host of the request is not loopback';
  if (origin.origin !== undefined && !isOwnOrigin(origin.origin, origin.host ?? ''))
    return 'the request comes from a page of another origin';
  // A cross-site <img> or link carries no Origin, but browsers say what it is.
  if (origin.fetchSite === 'cross-site' || origin.fetchSite === 'same-site')
    return 'the request comes from a page of another origin';
  return undefined;
}

function isOwnOrigin(origin: string, host: string): boolean {
  return origin.toLowerCase() === `http://${host.toLowerCase()}`;
}

function callerOf(rest: string): Verdict | undefined {
  if (rest === 'admin') return { kind: 'admin' };
  const colon = rest.indexOf(':');
  const bar = rest.indexOf('|', colon);
  const userId = bar === -1 ? rest : rest.slice(0, bar);
  const deviceId = bar === -1 ? NO_DEVICE : rest.slice(bar + 1);
  if (colon === -1 || deviceId === '' || !isUserId(userId)) return undefined;
  return { kind: 'user', userId, deviceId };
}
