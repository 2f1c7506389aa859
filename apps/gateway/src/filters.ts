// Filters of /sync, uploaded or inline. Invariant: the id of an ordinary filter is the filter itself, compressed, so that every
// gateway understands it, today and after a restart; only long ones are kept, bounded per user, here.
import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { parseFilter, presenceTest, refusal, type Parsed, type SyncFilter } from '#libs/matrix';
import { EVERYTHING, type Wanted } from './delivery/feed.js';

export interface FiltersOptions {
  readonly maxFilterBytes: number;
  readonly maxFiltersPerUser: number;
}

/** A path parameter holds 1,024 characters, and so must the id. */
const MAX_ID = 1_000;
const MAX_REMEMBERED = 5_000;
const MAX_USERS = 10_000;

export class Filters {
  readonly #kept = new Map<string, Map<string, string>>();
  readonly #read = new Map<string, Wanted>();

  constructor(private readonly options: FiltersOptions) {}

  /** Takes a filter and names it. */
  upload(userId: string, text: string): Parsed<string> {
    if (Buffer.byteLength(text) > this.options.maxFilterBytes) return tooLarge(this.options.maxFilterBytes);
    const parsed = parseFilter(text);
    if (!parsed.ok) return parsed;
    const source = JSON.stringify(parsed.value.source);
    const own = `z.${deflateRawSync(source).toString('base64url')}`;
    return { ok: true, value: own.length <= MAX_ID ? own : this.#keep(userId, source) };
  }

  /** What was uploaded under an id. */
  find(userId: string, id: string): Parsed<SyncFilter> {
    const source = id.startsWith('z.')
      ? inflated(id.slice(2), this.options.maxFilterBytes)
      : this.#kept.get(userId)?.get(id);
    return source === undefined
      ? { ok: false, refusal: refusal('M_NOT_FOUND', 'No such filter') }
      : parseFilter(source);
  }

  /** What /sync's parameter lets through: JSON, an id, or nothing. */
  wanted(userId: string, parameter: string | undefined): Parsed<Wanted> {
    if (parameter === undefined || parameter === '') return { ok: true, value: EVERYTHING };
    const key = parameter.startsWith('h.') ? `${userId} ${parameter}` : parameter;
    const known = this.#read.get(key);
    if (known !== undefined) return { ok: true, value: known };
    if (Buffer.byteLength(parameter) > this.options.maxFilterBytes) return tooLarge(this.options.maxFilterBytes);
    const filter = parameter.startsWith('{') ? parseFilter(parameter) : this.find(userId, parameter);
    if (!filter.ok) return filter;
    const wanted = wantedBy(filter.value);
    this.#remember(key, wanted);
    return { ok: true, value: wanted };
  }

  #remember(key: string, wanted: Wanted): void {
    this.#read.set(key, wanted);
    dropOldest(this.#read, MAX_REMEMBERED);
  }

  #keep(userId: string, source: string): string {
    const id = `h.${createHash('sha256').update(source).digest('base64url')}`;
    const filters = this.#kept.get(userId) ?? new Map<string, string>();
    this.#kept.delete(userId);
    this.#kept.set(userId, filters);
    filters.delete(id);
    filters.set(id, source);
    dropOldest(filters, this.options.maxFiltersPerUser);
    dropOldest(this.#kept, MAX_USERS);
    return id;
  }
}

function wantedBy({ presence }: SyncFilter): Wanted {
  // Nothing at all: then what is not shown must not keep the token from moving on.
  if (presence.limit === 0) return { passes: () => false, limit: Infinity };
  return { passes: presenceTest(presence), limit: presence.limit ?? Infinity };
}

function inflated(text: string, maxBytes: number): string | undefined {
  try {
    return inflateRawSync(Buffer.from(text, 'base64url'), { maxOutputLength: maxBytes }).toString('utf8');
  } catch {
    // An id that nobody gave out: there is no such filter.
    return undefined;
  }
}

function tooLarge(maxBytes: number): Parsed<never> {
  return { ok: false, refusal: refusal('M_TOO_LARGE', `A filter may have ${String(maxBytes)} bytes`) };
}

function dropOldest(map: Map<string, unknown>, max: number): void {
  for (const key of map.keys()) {
    if (map.size <= max) return;
    map.delete(key);
  }
}
