// The ways of checking a token that a process is configured with, asked one after the other: the administrator's token, static
// tokens, JWTs, introspection, whoami; whoever knows it first decides. Invariant: development tokens exist only on the embedded
// log, bound to loopback, with no other method configured; a gateway on Kafka without any method for users does not start.
import type { Clock } from '#libs/event-log';
import { CannotCheckError, type Authentication, type RequestOrigin, type TokenMethod, type Verdict } from './caller.js';
import { AdminToken, StaticTokens, digestOf } from './configured-tokens.js';
import { DevelopmentTokens } from './development-tokens.js';
import { Introspection, type IntrospectionOptions } from './introspection.js';
import { JsonWebTokens } from './json-web-tokens.js';
import { FetchedKeySet, keySetOf } from './key-set.js';
import { isLoopbackHost } from './loopback.js';
import { Remembered, type CheckWatch } from './remembered.js';
import { Whoami } from './whoami.js';

export interface AuthenticationConfiguration {
  readonly embedded: boolean;
  readonly httpHost: string;
  readonly adminToken?: string;
  /** The text of STATIC_TOKENS_FILE. */
  readonly staticTokens?: string;
  readonly whoamiUrl?: string;
  readonly introspection?: Omit<IntrospectionOptions, 'serverName'>;
  readonly jwt?: {
    readonly issuer: string;
    readonly audience: string;
    readonly userClaim: string;
    readonly deviceClaim: string;
    readonly keys: { readonly url: string } | { readonly text: string };
  };
  readonly serverName?: string;
  /** How long an accepted token is not asked about again, and how long it goes on while nobody can be asked. */
  readonly tokenCacheMs?: number;
  readonly tokenStaleMs?: number;
}

const MAX_TOKEN_BYTES = 8_192;
const UNKNOWN: Verdict = { kind: 'refused', reason: 'Unknown access token' };

interface Shown {
  readonly token: string;
  readonly origin: RequestOrigin;
  readonly digest: () => string;
}

export class TokenMethods implements Authentication {
  readonly methods: readonly string[];

  constructor(private readonly chain: readonly TokenMethod[]) {
    this.methods = chain.map((method) => method.name);
  }

  check(token: string, origin: RequestOrigin): Verdict | Promise<Verdict> {
    if (token.length > MAX_TOKEN_BYTES) return UNKNOWN;
    let digest: string | undefined;
    return this.#ask(0, { token, origin, digest: () => (digest ??= digestOf(token)) });
  }

  forget(token: string): void {
    for (const method of this.chain) method.forget?.(token);
  }

  /** Synchronous as long as the methods are: most requests carry a token that is known at once. */
  #ask(index: number, shown: Shown, trouble?: CannotCheckError): Verdict | Promise<Verdict> {
    const method = this.chain[index];
    if (method === undefined) {
      // Somebody who could not be asked might have known it.
      if (trouble !== undefined) throw trouble;
      return UNKNOWN;
    }
    const verdict = method.check(shown.token, shown.origin, shown.digest);
    if (!(verdict instanceof Promise)) return verdict ?? this.#ask(index + 1, shown, trouble);
    return verdict.then(
      (told) => told ?? this.#ask(index + 1, shown, trouble),
      (error: unknown) => {
        if (!(error instanceof CannotCheckError)) throw error;
        return this.#ask(index + 1, shown, error);
      },
    );
  }
}

export function authenticationFrom(
  configuration: AuthenticationConfiguration,
  clock: Clock,
  watch: CheckWatch,
): Authentication {
  const { adminToken, staticTokens, whoamiUrl, introspection, jwt, serverName } = configuration;
  const named = serverName === undefined ? {} : { serverName };
  const options = {
    ...(configuration.tokenCacheMs === undefined ? {} : { acceptedMs: configuration.tokenCacheMs }),
    ...(configuration.tokenStaleMs === undefined ? {} : { staleMs: configuration.tokenStaleMs }),
  };
  const methods: TokenMethod[] = [];
  if (adminToken !== undefined) methods.push(new AdminToken(adminToken));
  if (staticTokens !== undefined) methods.push(new StaticTokens(staticTokens));
  if (jwt !== undefined) {
    const keySet = 'url' in jwt.keys ? new FetchedKeySet(jwt.keys.url, clock) : keySetOf(jwt.keys.text);
    methods.push(new Remembered(new JsonWebTokens({ ...jwt, ...named, keySet, clock }), clock, watch, options));
  }
  if (introspection !== undefined)
    methods.push(new Remembered(new Introspection({ ...introspection, ...named }), clock, watch, options));
  if (whoamiUrl !== undefined) methods.push(new Remembered(new Whoami(whoamiUrl), clock, watch, options));
  if (!configuration.embedded && methods.every(({ name }) => name === AdminToken.methodName)) {
    throw new Error(
      'A gateway on Kafka needs a way to know its users: set STATIC_TOKENS_FILE, JWKS_URL, INTROSPECTION_URL, or WHOAMI_URL (HOMESERVER_URL).',
    );
  }
  if (methods.length === 0 && configuration.embedded && isLoopbackHost(configuration.httpHost))
    methods.push(new DevelopmentTokens());
  return new TokenMethods(methods);
}
