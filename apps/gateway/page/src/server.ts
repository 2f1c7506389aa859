// The server as the page asks it: with the token in a header, never in an address. Invariant: a refusal is told apart from a
// server that is away, because the first needs another token and the second only time.

/** Answered, but not with what was asked for; the message is the server's sentence. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';

  constructor(
    readonly status: number,
    sentence: string,
  ) {
    super(sentence);
  }
}

/** No answer, or one that says to come back later. */
export class AwayError extends Error {
  override readonly name = 'AwayError';
}

export type Question = Readonly<Record<string, string | number | undefined>>;

const PATIENCE_MS = 15_000;

/** Headers carry bytes: other characters go as UTF-8. */
function asBytes(token: string): string {
  return String.fromCharCode(...new TextEncoder().encode(token));
}

export class Server {
  constructor(readonly token: string | undefined) {}

  async ask<T>(name: string, question: Question = {}): Promise<T> {
    const response = await this.#send(addressOf(name, question), { signal: AbortSignal.timeout(PATIENCE_MS) });
    return (await response.json()) as T;
  }

  async tell<T>(name: string, body: object): Promise<T> {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await this.#send(addressOf(name, {}), { method: 'POST', body: JSON.stringify(body), signal });
    return (await response.json()) as T;
  }

  /** Texts as they come, until the stream ends. */
  async pour(name: string, question: Question, signal: AbortSignal, take: (text: string) => void): Promise<void> {
    const { body } = await this.#send(addressOf(name, question), { signal });
    if (body === null) throw new AwayError('the stream has no body');
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        take(value);
      }
    } catch (error) {
      if (signal.aborted) return;
      throw new AwayError('the stream broke', { cause: error });
    }
  }

  async #send(address: string, options: RequestInit): Promise<Response> {
    const headers: Record<string, string> =
      this.token === undefined ? {} : { authorization: `Bearer ${asBytes(this.token)}` };
    let response: Response;
    try {
      response = await fetch(address, { ...options, headers, cache: 'no-store', credentials: 'omit' });
    } catch (error) {
      throw new AwayError('the server does not answer', { cause: error });
    }
    if (response.ok) return response;
    const sentence = await sentenceOf(response);
    if (response.status >= 500 || response.status === 429) throw new AwayError(sentence);
    throw new RefusedError(response.status, sentence);
  }
}

function addressOf(name: string, question: Question): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(question))
    if (value !== undefined && value !== '') parameters.set(key, String(value));
  const text = parameters.toString();
  return `/_rollcall/v1/${name}${text === '' ? '' : `?${text}`}`;
}

async function sentenceOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // No Matrix error: the status says enough.
  }
  return `the server answered ${String(response.status)}`;
}
