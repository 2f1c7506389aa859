// The ways of checking a token that a process is configured with, asked one after the other. Invariant: development tokens
// exist only on the embedded log, bound to loopback, with no other method configured; a gateway on Kafka without any method
// for users does not start.
import type { Clock } from '#libs/event-log';
import type { Authentication, RequestOrigin, TokenMethod, Verdict } from './caller.js';
import { AdminToken, StaticTokens } from './configured-tokens.js';
import { DevelopmentTokens } from './development-tokens.js';
import { isLoopbackHost } from './loopback.js';
import { Remembered } from './remembered.js';
import { Whoami } from './whoami.js';

export interface AuthenticationConfiguration {
  readonly embedded: boolean;
  readonly httpHost: string;
  readonly adminToken?: string;
  /** The text of STATIC_TOKENS_FILE. */
  readonly staticTokens?: string;
  readonly whoamiUrl?: string;
}

const MAX_TOKEN_BYTES = 8_192;
const UNKNOWN: Verdict = { kind: 'refused', reason: 'Unknown access token' };

export class TokenMethods implements Authentication {
  readonly methods: readonly string[];

  constructor(private readonly chain: readonly TokenMethod[]) {
    this.methods = chain.map((method) => method.name);
  }

  check(token: string, origin: RequestOrigin): Verdict | Promise<Verdict> {
    if (token.length > MAX_TOKEN_BYTES) return UNKNOWN;
    return this.#ask(0, token, origin);
  }

  /** Synchronous as long as the methods are: most requests carry a token that is known at once. */
  #ask(index: number, token: string, origin: RequestOrigin): Verdict | Promise<Verdict> {
    const method = this.chain[index];
    if (method === undefined) return UNKNOWN;
    const verdict = method.check(token, origin);
    if (verdict instanceof Promise) return verdict.then((told) => told ?? this.#ask(index + 1, token, origin));
    return verdict ?? this.#ask(index + 1, token, origin);
  }
}

export function authenticationFrom(configuration: AuthenticationConfiguration, clock: Clock): Authentication {
  const { adminToken, staticTokens, whoamiUrl } = configuration;
  const methods: TokenMethod[] = [];
  if (adminToken !== undefined) methods.push(new AdminToken(adminToken));
  if (staticTokens !== undefined) methods.push(new StaticTokens(staticTokens));
  if (whoamiUrl !== undefined) methods.push(new Remembered(new Whoami(whoamiUrl), clock));
  if (!configuration.embedded && staticTokens === undefined && whoamiUrl === undefined) {
    throw new Error(
      'A gateway on Kafka needs a way to know its users: set WHOAMI_URL (or HOMESERVER_URL) or STATIC_TOKENS_FILE.',
    );
  }
  if (methods.length === 0 && configuration.embedded && isLoopbackHost(configuration.httpHost))
    methods.push(new DevelopmentTokens());
  return new TokenMethods(methods);
}
