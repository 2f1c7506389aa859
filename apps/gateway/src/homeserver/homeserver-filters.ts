// The presence part of a /sync filter that the homeserver keeps: asked once with the client's own token, since a filter never
// changes under its id. Invariant: bounded; a filter that cannot be read lets everything through, as no filter does.
import { isJsonObject, type JsonObject } from '#libs/matrix';
import { EVERYTHING, type Wanted } from '../delivery/feed.js';
import type { Filters } from '../filters.js';
import type { Upstream } from './upstream.js';

const MAX_KNOWN = 20_000;
const MAX_FILTER_BYTES = 256 * 1024;

export interface FilterAsked {
  readonly userId: string;
  /** The parameter: an id of the homeserver, or the filter itself. */
  readonly parameter: string;
  /** The client's headers, for the question. */
  readonly headers: readonly string[];
}

export class HomeserverFilters {
  readonly #known = new Map<string, Wanted>();

  constructor(
    private readonly upstream: Upstream,
    private readonly filters: Filters,
  ) {}

  /** `undefined` = nothing that the homeserver will accept either. */
  async wanted({ userId, parameter, headers }: FilterAsked): Promise<Wanted | undefined> {
    if (parameter.startsWith('{')) return this.#read(userId, parameter);
    const key = `${userId} ${parameter}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const text = await this.#ask(userId, parameter, headers);
    if (text === undefined) return EVERYTHING;
    const wanted = this.#read(userId, text) ?? EVERYTHING;
    this.#known.set(key, wanted);
    if (this.#known.size > MAX_KNOWN) {
      const oldest = this.#known.keys().next();
      if (oldest.done !== true) this.#known.delete(oldest.value);
    }
    return wanted;
  }

  /** Only its presence: the rest is the homeserver's, and may be longer than what we would keep. */
  #read(userId: string, text: string): Wanted | undefined {
    const filter = objectIn(text);
    if (filter === undefined) return undefined;
    const { presence } = filter;
    const parsed = this.filters.wanted(userId, JSON.stringify(presence === undefined ? {} : { presence }));
    return parsed.ok ? parsed.value : undefined;
  }

  async #ask(userId: string, id: string, headers: readonly string[]): Promise<string | undefined> {
    const path = `/_matrix/client/v3/user/${encodeURIComponent(userId)}/filter/${encodeURIComponent(id)}`;
    const answer = await this.upstream.ask({ method: 'GET', path, headers });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes <= MAX_FILTER_BYTES) chunks.push(chunk);
    }
    return answer.statusCode === 200 && bytes <= MAX_FILTER_BYTES ? Buffer.concat(chunks).toString('utf8') : undefined;
  }
}

function objectIn(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    // Not JSON: the homeserver will say so, and what it says is what the client gets.
    return undefined;
  }
}
