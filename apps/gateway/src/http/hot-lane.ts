// The few requests of which there are thousands a second, answered on Node's own server: Fastify, its dozen hooks and Nest's would
// cost them more than their work. Invariant: only what is plain is taken here, and answered with the same bytes as by the door's
// Fastify route; whatever is unusual about a request (escapes, sizes, a query, a start under way) lets it go on to that route.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { CORS_HEADERS } from './gateway-adapter.js';
import { answerFor } from './refused-request.js';
import type { RequestCounts } from './request-counts.js';
import type { Asked } from './request-reading.js';

/** One method of one path with one parameter in it. */
export interface HotRoute {
  readonly method: 'GET' | 'PUT';
  /** As Fastify names the route. */
  readonly door: string;
  readonly before: string;
  /** What lies between `before` and `after`; absent: `before` is the whole path. */
  readonly parameter?: string;
  readonly after?: string;
  readonly takesQuery?: boolean;
  /** JSON text, or a throw that `answerFor` words; nobody reads it once the response is closed. */
  readonly answer: (asked: Asked, response: ServerResponse) => string | Promise<string>;
}

export interface HotLaneOptions {
  readonly routes: readonly HotRoute[];
  /** false: the doors do not answer yet. */
  readonly isOpen: () => boolean;
  readonly counts: RequestCounts;
  readonly onUnexpected: (error: unknown) => void;
}

const MAX_PARAMETER = 512;
/** Under the bound of every door's body. */
const MAX_BODY_BYTES = 16 * 1024;
const PLAIN_PARAMETER = /^(?:[\w.~!$'()*+,;=:@-]|%(?:40|3A|2F|3D|2B))+$/i;
const HEAD = Object.entries(CORS_HEADERS).flat();
const JSON_TYPE = 'application/json; charset=utf-8';
const NONE: Readonly<Record<string, string>> = {};
const [EQUALS, AMPERSAND] = [0x3d, 0x26];
/** By character code: what a name in a plain query is made of (1), and what only a value may hold besides (2). */
const QUERY_UNITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[a-z_]/.test(character) ? 1 : /[\w.~-]/.test(character) ? 2 : 0;
});

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export class HotLane {
  constructor(private readonly options: HotLaneOptions) {}

  /** Steps before whatever answers the server's requests so far. */
  attach(server: Server): void {
    const rest = server.listeners('request') as Handler[];
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      if (!this.#take(request, response)) for (const handler of rest) handler.call(server, request, response);
    });
  }

  #take(request: IncomingMessage, response: ServerResponse): boolean {
    const { url = '', method } = request;
    for (const route of this.options.routes) {
      if (route.method !== method || !url.startsWith(route.before)) continue;
      const read = readUrl(url, route);
      if (read === undefined) continue;
      const bytes = bodyBytesOf(request);
      if (bytes === undefined || (bytes === 0) === (method === 'PUT') || !this.options.isOpen()) return false;
      const { headers } = request;
      if (bytes === 0) this.#answer(route, { headers, ...read, body: undefined }, response);
      else {
        whenRead(request, (body) => {
          this.#answer(route, { headers, ...read, body }, response);
        });
      }
      return true;
    }
    return false;
  }

  #answer(route: HotRoute, asked: Asked, response: ServerResponse): void {
    try {
      const text = route.answer(asked, response);
      if (typeof text === 'string') this.#send(route, response, text);
      else
        text.then(
          (told) => {
            this.#send(route, response, told);
          },
          (error: unknown) => {
            this.#refuse(route, response, error);
          },
        );
    } catch (error) {
      this.#refuse(route, response, error);
    }
  }

  #send({ door }: HotRoute, response: ServerResponse, text: string): void {
    if (response.closed) return;
    this.options.counts.count(door, 200);
    write(response, 200, [], text);
  }

  #refuse({ door }: HotRoute, response: ServerResponse, error: unknown): void {
    const { status, headers, body, unexpected } = answerFor(error);
    if (unexpected !== undefined) this.options.onUnexpected(unexpected);
    this.options.counts.count(door, status);
    write(response, status, Object.entries(headers).flat(), JSON.stringify(body));
  }
}

function write(response: ServerResponse, status: number, more: readonly string[], text: string): void {
  const length = String(Buffer.byteLength(text));
  response.writeHead(status, [...HEAD, ...more, 'content-type', JSON_TYPE, 'content-length', length]);
  response.end(text);
}

/** undefined: another path, or not plain. */
function readUrl(
  url: string,
  { before, parameter, after = '', takesQuery = false }: HotRoute,
): Pick<Asked, 'params' | 'query'> | undefined {
  if (parameter !== undefined) {
    if (!url.endsWith(after)) return undefined;
    const value = parameterIn(url.slice(before.length, -after.length));
    return value === undefined ? undefined : { params: { [parameter]: value }, query: NONE };
  }
  if (url.length === before.length) return { params: NONE, query: NONE };
  const query = takesQuery && url[before.length] === '?' ? queryIn(url.slice(before.length + 1)) : undefined;
  return query === undefined ? undefined : { params: NONE, query };
}

/** undefined: not plain, or a name twice. */
function queryIn(text: string): Readonly<Record<string, string>> | undefined {
  const query: Record<string, string> = {};
  for (let at = 0; ; at++) {
    const nameAt = at;
    while (QUERY_UNITS[text.charCodeAt(at)] === 1) at++;
    const name = text.slice(nameAt, at);
    if (name === '' || text.charCodeAt(at) !== EQUALS || name in query) return undefined;
    const valueAt = ++at;
    while ((QUERY_UNITS[text.charCodeAt(at)] ?? 0) > 0) at++;
    query[name] = text.slice(valueAt, at);
    if (at === text.length) return query;
    if (text.charCodeAt(at) !== AMPERSAND) return undefined;
  }
}

/** Unescaped; undefined: not plain. */
function parameterIn(text: string): string | undefined {
  if (text.length > MAX_PARAMETER || !PLAIN_PARAMETER.test(text)) return undefined;
  return text.includes('%') ? decodeURIComponent(text) : text;
}

/** 0: there is none. undefined: not plain. */
function bodyBytesOf({ headers }: IncomingMessage): number | undefined {
  if (headers['transfer-encoding'] !== undefined || headers.expect !== undefined) return undefined;
  const length = headers['content-length'];
  if (length === undefined) return 0;
  const bytes = Number(length);
  return bytes <= MAX_BODY_BYTES ? bytes : undefined;
}

/** Never, when the client goes away before. */
function whenRead(request: IncomingMessage, read: (body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
  });
  request.on('end', () => {
    read(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks));
  });
}
