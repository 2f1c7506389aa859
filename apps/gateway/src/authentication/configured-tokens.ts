// Tokens written down by the operator: the administrator's, and users' in STATIC_TOKENS_FILE. Invariant: tokens are held and
// compared as digests only, so neither a heap dump's strings nor the time of a comparison tells one.
import { hash } from 'node:crypto';
import { isUserId } from '#libs/matrix';
import { NO_DEVICE, type Caller, type RequestOrigin, type TokenMethod, type Verdict } from './caller.js';

export function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}

export class AdminToken implements TokenMethod {
  static readonly methodName = 'administrator token';
  readonly name = AdminToken.methodName;
  readonly #digest: string;

  constructor(token: string) {
    this.#digest = digestOf(token);
  }

  check(_token: string, _origin: RequestOrigin, digest: () => string): Verdict | undefined {
    return digest() === this.#digest ? { kind: 'admin' } : undefined;
  }
}

export class StaticTokens implements TokenMethod {
  readonly name = 'static tokens';
  readonly #callers = new Map<string, Caller>();

  /** The text of the file, `{"TOKEN":{"user_id":"@a:hs","device_id":"D"}}`; throws a sentence when it is something else. */
  constructor(text: string) {
    const entries = tokensIn(text);
    for (const [index, [token, value]] of entries.entries())
      this.#callers.set(digestOf(token), callerIn(value, index + 1));
  }

  check(_token: string, _origin: RequestOrigin, digest: () => string): Verdict | undefined {
    return this.#callers.get(digest());
  }
}

function tokensIn(text: string): [string, unknown][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error(
      'STATIC_TOKENS_FILE is not JSON; it should look like {"TOKEN":{"user_id":"@a:hs","device_id":"D"}}',
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Error('STATIC_TOKENS_FILE should hold one JSON object, token by token');
  return Object.entries(parsed);
}

function callerIn(value: unknown, position: number): Caller {
  const entry = (typeof value === 'object' && value !== null ? value : {}) as {
    user_id?: unknown;
    device_id?: unknown;
  };
  const { user_id: userId, device_id: deviceId = NO_DEVICE } = entry;
  if (typeof userId !== 'string' || !isUserId(userId))
    throw new Error(`STATIC_TOKENS_FILE: the user_id of entry ${String(position)} is no Matrix user id`);
  if (typeof deviceId !== 'string' || deviceId === '')
    throw new Error(`STATIC_TOKENS_FILE: the device_id of entry ${String(position)} is no device id`);
  return { kind: 'user', userId, deviceId };
}
