// Asks the homeserver whose token it is (client-server API, GET /account/whoami). Invariant: only the homeserver's own
// refusal refuses; when it is away, slow or answers nonsense, the token could not be checked, and no client logs out for it.
import { isUserId, parseJsonObject, type JsonObject } from '#libs/matrix';
import { CannotCheckError, NO_DEVICE, type TokenMethod, type Verdict } from './caller.js';

const MAX_ANSWER_BYTES = 64 * 1024;

export class Whoami implements TokenMethod {
  readonly name = 'whoami';
  readonly #url: string;

  constructor(
    baseUrl: string,
    private readonly timeoutMs = 5_000,
  ) {
    this.#url = `${baseUrl.replace(/\/+$/, '')}/_matrix/client/v3/account/whoami`;
  }

  async check(token: string): Promise<Verdict | undefined> {
    // A header cannot carry it, so no homeserver gave it out.
    if (!/^[\x21-\x7e]+$/.test(token)) return undefined;
    const { status, text } = await this.#ask(token);
    if (status === 401 || status === 403) return undefined;
    if (status !== 200) throw new CannotCheckError(`the homeserver answered ${String(status)} to whoami`);
    return callerIn(text);
  }

  async #ask(token: string): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(this.#url, {
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(this.timeoutMs),
      });
      return { status: response.status, text: await boundedText(response) };
    } catch (error) {
      if (error instanceof CannotCheckError) throw error;
      throw new CannotCheckError('the homeserver could not be asked whose token this is');
    }
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body === null) return '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new CannotCheckError('the answer of the homeserver to whoami is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function callerIn(text: string): Verdict {
  const { user_id: userId, device_id: deviceId } = objectIn(text);
  if (typeof userId !== 'string' || !isUserId(userId))
    throw new CannotCheckError('the homeserver answered whoami without a user id');
  return { kind: 'user', userId, deviceId: typeof deviceId === 'string' && deviceId !== '' ? deviceId : NO_DEVICE };
}

function objectIn(text: string): JsonObject {
  const parsed = parseJsonObject(text);
  if (!parsed.ok) throw new CannotCheckError('the homeserver answered whoami with something that is no JSON object');
  return parsed.value;
}
