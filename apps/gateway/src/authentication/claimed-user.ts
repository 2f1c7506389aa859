// From what an identity provider claims of a token's owner to a Matrix user. Invariant: nobody becomes somebody else: a
// localpart cannot smuggle in a server name, and where SERVER_NAME is set, only its users are anybody here. What is missing
// is the operator's to mend (a wrong claim name), so it refuses nobody for good.
import { isUserId } from '#libs/matrix';
import { CannotCheckError, NO_DEVICE, type Verdict } from './caller.js';

export interface ClaimedUser {
  /** What the claim holds: a Matrix user id, or a localpart. */
  readonly user: unknown;
  readonly device: unknown;
  /** For sentences: the variable that names the claim, and the claim's name. */
  readonly variable: string;
  readonly claim: string;
}

export function userOf(
  { user, device, variable, claim }: ClaimedUser,
  serverName: string | undefined,
): Exclude<Verdict, { kind: 'admin' }> {
  if (typeof user !== 'string' || user === '')
    throw new CannotCheckError(`a good token has no claim "${claim}" that names its user: see ${variable}`);
  const isWhole = user.startsWith('@');
  if (!isWhole && serverName === undefined)
    throw new CannotCheckError(
      `the claim "${claim}" holds a localpart: set SERVER_NAME, or ${variable} to another claim`,
    );
  if (!isWhole && user.includes(':')) return { kind: 'refused', reason: 'The token names no Matrix user' };
  const userId = isWhole ? user : `@${user}:${serverName ?? ''}`;
  if (!isUserId(userId)) return { kind: 'refused', reason: 'The token names no Matrix user' };
  if (serverName !== undefined && userId.slice(userId.indexOf(':') + 1) !== serverName)
    return { kind: 'refused', reason: 'The token names a user of another server' };
  return { kind: 'user', userId, deviceId: typeof device === 'string' && device !== '' ? device : NO_DEVICE };
}
