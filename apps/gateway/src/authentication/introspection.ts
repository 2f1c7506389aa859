// Asks an OAuth 2.0 server about a token (RFC 7662), as the Matrix Authentication Service and others answer. Invariant: only
// `"active": false`, a missing scope, or a token of another kind refuses; when the server is away or does not accept us, the
// token could not be checked. The token travels in the body, so that no log of URLs holds it.
import { isStringList, type JsonObject } from '#libs/matrix';
import {
  ASK_TIMEOUT_MS,
  UNKNOWN_TOKEN,
  askAbout,
  objectIn,
  type Knowledge,
  type SlowMethod,
  type Told,
} from './asking.js';
import { CannotCheckError, type Verdict } from './caller.js';
import { userOf } from './claimed-user.js';

export interface IntrospectionOptions {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly userClaim: string;
  readonly scope?: string;
  readonly serverName?: string;
}

const WHOM = 'the OAuth server (introspection)';
/** Matrix 1.15 and, before it, MSC2967: the device is a part of the scope. */
const DEVICE_SCOPE = /^urn:matrix:(?:client|org\.matrix\.msc2967\.client):device:(.+)$/;

export class Introspection implements SlowMethod {
  readonly name = 'token introspection';
  readonly #authorization: string;

  constructor(
    private readonly options: IntrospectionOptions,
    private readonly timeoutMs = ASK_TIMEOUT_MS,
  ) {
    // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
    const pair = `${formEncoded(options.clientId)}:${formEncoded(options.clientSecret)}`;
    this.#authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  }

  async ask(token: string): Promise<Knowledge> {
    const told = await askAbout({
      url: this.options.url,
      whom: WHOM,
      init: {
        method: 'POST',
        headers: {
          authorization: this.#authorization,
          accept: 'application/json',
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      },
      timeoutMs: this.timeoutMs,
    });
    return this.#read(told);
  }

  #read(told: Told): Knowledge {
    if (told.status === 401 || told.status === 403)
      throw new CannotCheckError(
        `${WHOM} answered ${String(told.status)} to us: see INTROSPECTION_CLIENT_ID and INTROSPECTION_CLIENT_SECRET`,
      );
    const claims = objectIn(told, WHOM);
    if (typeof claims['active'] !== 'boolean') throw new CannotCheckError(`${WHOM} did not say "active"`);
    const type = claims['token_type'];
    if (!claims['active'] || (typeof type === 'string' && /refresh/i.test(type))) return UNKNOWN_TOKEN;
    const expiresAtMs = typeof claims['exp'] === 'number' ? claims['exp'] * 1_000 : undefined;
    return { verdict: this.#verdict(claims), ...(expiresAtMs === undefined ? {} : { expiresAtMs }) };
  }

  #verdict(claims: JsonObject): Verdict {
    const { scope, userClaim, serverName } = this.options;
    const scopes = scopesIn(claims['scope']);
    if (scope !== undefined && !scopes.includes(scope))
      return { kind: 'refused', reason: 'The access token does not have the scope that is needed here' };
    const inScope = scopes.map((word) => DEVICE_SCOPE.exec(word)?.[1]).find((device) => device !== undefined);
    const device = claims['device_id'] ?? inScope;
    const variable = 'INTROSPECTION_USER_CLAIM';
    return userOf({ user: claims[userClaim], device, variable, claim: userClaim }, serverName);
  }
}

function scopesIn(scope: unknown): readonly string[] {
  if (isStringList(scope)) return scope;
  return typeof scope === 'string' ? scope.split(' ') : [];
}

function formEncoded(text: string): string {
  return new URLSearchParams({ x: text }).toString().slice('x='.length);
}
