// The public keys of a JWT issuer (a JWK set, RFC 7517), from a file or from a URL. Invariant: keys once fetched serve on while
// their place is away; an unknown key is looked up again, but not more often than the pause allows, however many tokens
// name one; asked together, the place is asked once.
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '#libs/event-log';
import { ASK_TIMEOUT_MS, askAbout, objectIn } from './asking.js';
import { CannotCheckError } from './caller.js';

export interface KeySet {
  /** The keys as they are; fetched anew when `unknownKey` says that one is missing and enough time has passed. */
  keys(unknownKey: boolean): Promise<JWTVerifyGetKey>;
}

const WHOM = 'the place of the keys (JWKS_URL)';
const FRESH_MS = 600_000;
const PAUSE_MS = 5_000;
/** So long keys serve while their place cannot be asked. */
const LAST_MS = 3_600_000;

/** @throws Error naming JWKS_FILE when the text is no JWK set. */
export function keySetOf(text: string): KeySet {
  let keys: JWTVerifyGetKey;
  try {
    keys = createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  } catch {
    throw new Error('JWKS_FILE holds no JWK set; it should look like {"keys":[{"kty":"RSA","kid":"1",…}]}');
  }
  return { keys: () => Promise.resolve(keys) };
}

export class FetchedKeySet implements KeySet {
  #keys: JWTVerifyGetKey | undefined;
  #fetchedMs = -Infinity;
  #triedMs = -Infinity;
  #fetching: Promise<JWTVerifyGetKey> | undefined;

  constructor(
    private readonly url: string,
    private readonly clock: Clock,
    private readonly timeoutMs = ASK_TIMEOUT_MS,
  ) {}

  keys(unknownKey: boolean): Promise<JWTVerifyGetKey> {
    const nowMs = this.clock.nowMs();
    const isPaused = nowMs - this.#triedMs < PAUSE_MS;
    const known = nowMs - this.#fetchedMs < LAST_MS ? this.#keys : undefined;
    if (known !== undefined && !unknownKey && (isPaused || nowMs - this.#fetchedMs < FRESH_MS))
      return Promise.resolve(known);
    // Whoever published a key just now must not be refused for it.
    if (unknownKey && isPaused && this.#fetching === undefined)
      return Promise.reject(
        new CannotCheckError('the keys were fetched just now, and the key of this token is not there'),
      );
    const fetching = this.#fetching ?? this.#fetch(nowMs);
    return unknownKey || known === undefined ? fetching : fetching.catch(() => known);
  }

  #fetch(nowMs: number): Promise<JWTVerifyGetKey> {
    this.#triedMs = nowMs;
    const init = { headers: { accept: 'application/jwk-set+json, application/json' } };
    this.#fetching = askAbout({ url: this.url, whom: WHOM, init, timeoutMs: this.timeoutMs })
      .then((told) => {
        this.#keys = this.#read(objectIn(told, WHOM));
        this.#fetchedMs = nowMs;
        return this.#keys;
      })
      .finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching;
  }

  #read(set: object): JWTVerifyGetKey {
    try {
      return createLocalJWKSet(set as JSONWebKeySet);
    } catch (error) {
      if (error instanceof errors.JOSEError) throw new CannotCheckError(`${WHOM} holds no JWK set`);
      throw error;
    }
  }
}
