// Asks somebody else about a token, within bounds of time and size. Invariant: whatever goes wrong on the way is a
// `CannotCheckError`, whose sentence never holds the token; only an answer can refuse. It stands apart because the homeserver,
// an OAuth server and the place of a key set are asked in the same way.
import { isJsonObject, type JsonObject } from '#libs/matrix';
import { CannotCheckError, type Verdict } from './caller.js';

/** What a slow method learned of a token. */
export interface Knowledge {
  /** `undefined`: not a token of this method. */
  readonly verdict: Verdict | undefined;
  /** The token's own end, where it is known: nothing that was learned holds longer. */
  readonly expiresAtMs?: number;
}

/** A method that takes time, and may fail with `CannotCheckError`. */
export interface SlowMethod {
  readonly name: string;
  ask(token: string): Promise<Knowledge>;
}

export interface Question {
  readonly url: string;
  /** As it stands in a sentence: "the homeserver". */
  readonly whom: string;
  readonly init: RequestInit;
  readonly timeoutMs: number;
}

export interface Told {
  readonly status: number;
  readonly text: string;
}

export const ASK_TIMEOUT_MS = 5_000;
const MAX_ANSWER_BYTES = 64 * 1024;
export const UNKNOWN_TOKEN: Knowledge = { verdict: undefined };

/** Redirections are not followed: they would carry the token to somewhere that nobody configured. */
export async function askAbout({ url, whom, init, timeoutMs }: Question): Promise<Told> {
  try {
    const response = await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
    return { status: response.status, text: await boundedText(response, whom) };
  } catch (error) {
    if (error instanceof CannotCheckError) throw error;
    const why = error instanceof Error && error.name === 'TimeoutError' ? 'does not answer' : 'cannot be reached';
    throw new CannotCheckError(`${whom} ${why}`, true);
  }
}

async function boundedText(response: Response, whom: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body === null) return '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new CannotCheckError(`the answer of ${whom} is too long`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The object of a 200; everything else could not be checked. */
export function objectIn({ status, text }: Told, whom: string): JsonObject {
  if (status !== 200) throw new CannotCheckError(`${whom} answered ${String(status)}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new CannotCheckError(`${whom} did not answer with JSON`);
  }
  if (!isJsonObject(parsed)) throw new CannotCheckError(`${whom} did not answer with a JSON object`);
  return parsed;
}
