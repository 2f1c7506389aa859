// Chromium's DevTools protocol over a pair of pipes: JSON texts that end with a zero byte. Invariant: every question gets exactly one
// answer, an error when the browser has ended. No port is opened, so nobody else can drive the browser, and no package is needed.
import type { Readable, Writable } from 'node:stream';

export type Parameters = Readonly<Record<string, unknown>>;
/** What an answer or an event holds: the protocol's words, which the caller knows. */
export type Told = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Told;
  readonly result?: Told;
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly resolve: (told: Told) => void;
  readonly reject: (error: Error) => void;
  readonly method: string;
}

export type EventListener = (method: string, told: Told, sessionId: string | undefined) => void;

export class Devtools {
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Set<EventListener>();
  #number = 0;
  #pieces: Buffer[] = [];

  constructor(
    private readonly to: Writable,
    from: Readable,
  ) {
    from.on('data', (piece: Buffer) => {
      this.#take(piece);
    });
    const end = (): void => {
      this.#end();
    };
    from.on('close', end).on('error', end);
    to.on('error', end);
  }

  ask(method: string, params: Parameters = {}, sessionId?: string): Promise<Told> {
    const id = ++this.#number;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, method });
      this.to.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    });
  }

  onEvent(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #take(piece: Buffer): void {
    let rest = piece;
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      const text = Buffer.concat([...this.#pieces, rest.subarray(0, end)]).toString('utf8');
      this.#pieces = [];
      rest = rest.subarray(end + 1);
      this.#read(JSON.parse(text) as Message);
    }
    if (rest.length > 0) this.#pieces.push(rest);
  }

  #read({ id, sessionId, method, params = {}, result = {}, error }: Message): void {
    if (method !== undefined) for (const listener of this.#listeners) listener(method, params, sessionId);
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (id === undefined || waiting === undefined) return;
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new Error(`${waiting.method}: ${error.message}`));
  }

  #end(): void {
    for (const { reject, method } of this.#waiting.values())
      reject(new Error(`the browser ended before it answered ${method}`));
    this.#waiting.clear();
  }
}
