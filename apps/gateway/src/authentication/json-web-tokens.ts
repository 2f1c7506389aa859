// Tokens that are JWTs (RFC 7519), checked here by the issuer's public keys. Invariant: signature, issuer, audience and times
// all hold, by an algorithm with a public key, or it is no token of this method. Revoking one before its end takes another
// method: nobody is asked.
import { errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions } from 'jose';
import type { Clock } from '#libs/event-log';
import { UNKNOWN_TOKEN, type Knowledge, type SlowMethod } from './asking.js';
import { userOf } from './claimed-user.js';
import type { KeySet } from './key-set.js';

export interface JsonWebTokensOptions {
  readonly keySet: KeySet;
  readonly clock: Clock;
  readonly issuer: string;
  readonly audience: string;
  readonly userClaim: string;
  readonly deviceClaim: string;
  readonly serverName?: string;
}

/** No HS*: whoever knows a public key must not be able to sign with it. */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
const CLOCK_TOLERANCE_SECONDS = 5;
const JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export class JsonWebTokens implements SlowMethod {
  readonly name = 'JSON web tokens';

  constructor(private readonly options: JsonWebTokensOptions) {}

  async ask(token: string): Promise<Knowledge> {
    if (!JWS.test(token)) return UNKNOWN_TOKEN;
    const claims = await this.#claims(token);
    if (claims === undefined) return UNKNOWN_TOKEN;
    const { userClaim, deviceClaim, serverName } = this.options;
    const claimed = { user: claims[userClaim], device: claims[deviceClaim], claim: userClaim };
    const verdict = userOf({ ...claimed, variable: 'JWT_USER_CLAIM' }, serverName);
    return { verdict, ...(claims.exp === undefined ? {} : { expiresAtMs: claims.exp * 1_000 }) };
  }

  /** Of a token that holds; `undefined` of one that does not. */
  async #claims(token: string): Promise<JWTPayload | undefined> {
    const { keySet } = this.options;
    try {
      return await this.#verify(token, await keySet.keys(false));
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) return undefinedFor(error);
    }
    try {
      return await this.#verify(token, await keySet.keys(true));
    } catch (error) {
      return undefinedFor(error);
    }
  }

  async #verify(token: string, keys: JWTVerifyGetKey): Promise<JWTPayload> {
    const { issuer, audience, clock } = this.options;
    const demands: JWTVerifyOptions = {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(clock.nowMs()),
      requiredClaims: ['exp'],
    };
    try {
      return (await jwtVerify(token, keys, demands)).payload;
    } catch (error) {
      // A token that does not say which of several keys it was signed with: any may be it.
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      for await (const key of error) {
        try {
          return (await jwtVerify(token, key, demands)).payload;
        } catch (inner) {
          if (!(inner instanceof errors.JWSSignatureVerificationFailed)) throw inner;
        }
      }
      throw new errors.JWSSignatureVerificationFailed();
    }
  }
}

function undefinedFor(error: unknown): undefined {
  if (error instanceof errors.JOSEError) return undefined;
  throw error;
}
