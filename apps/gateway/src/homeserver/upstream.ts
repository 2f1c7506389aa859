// The homeserver behind the gateway, over kept connections. Invariant: what a client sent goes on as it came, but for what stands
// between two hops; a homeserver that cannot be reached is `HomeserverAwayError`, never a refused token.
import * as http from 'node:http';
import * as https from 'node:https';
import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';

export class HomeserverAwayError extends Error {
  override readonly name = 'HomeserverAwayError';
}

export interface UpstreamRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Names and values in turn, as `rawHeaders` has them. */
  readonly headers: readonly string[];
  /** Absent = none. */
  readonly body?: Readable | Buffer;
  readonly signal?: AbortSignal;
}

/** Headers of one hop (RFC 9110, section 7.6.1), and what a new connection says for itself. */
const HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

export class Upstream {
  readonly #base: URL;
  readonly #agent: http.Agent;

  constructor(baseUrl: string) {
    this.#base = new URL(baseUrl);
    const options = {
      keepAlive: true,
      maxSockets: Infinity,
      maxFreeSockets: 256,
      timeout: 0,
      scheduling: 'lifo' as const,
    };
    this.#agent = this.#isTls ? new https.Agent(options) : new http.Agent(options);
  }

  get #isTls(): boolean {
    return this.#base.protocol === 'https:';
  }

  /** Resolves with the answer's head; its body is to be read or destroyed. @throws HomeserverAwayError */
  ask({ method, path, headers, body, signal }: UpstreamRequest): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = (this.#isTls ? https : http).request({
        agent: this.#agent,
        host: this.#base.hostname.replace(/^\[(.*)\]$/, '$1'),
        port: this.#base.port === '' ? (this.#isTls ? 443 : 80) : Number(this.#base.port),
        method,
        path: `${this.#base.pathname.replace(/\/+$/, '')}${path}`,
        headers: [...headers],
        ...(signal === undefined ? {} : { signal }),
      });
      request.once('response', resolve);
      request.on('error', (cause) => {
        reject(new HomeserverAwayError('the homeserver cannot be reached', { cause }));
      });
      if (body === undefined) request.end();
      else if (Buffer.isBuffer(body)) request.end(body);
      else {
        body.once('error', () => request.destroy());
        body.pipe(request);
      }
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/**
 * A request's headers for the next hop: in their order and spelling, with who asked at the end of `X-Forwarded-For`. Whoever is first
 * to say that says by what, too: homeservers take a forwarded request that leaves it out for https, and complain.
 */
export function headersOf(request: FastifyRequest, without: readonly string[] = []): string[] {
  const kept = passedOn(request.raw, [...without, 'x-forwarded-for']);
  const before = request.headers['x-forwarded-for'];
  const chain = [...(before === undefined ? [] : [before].flat()), request.socket.remoteAddress ?? ''].join(', ');
  const framing = request.headers['transfer-encoding'] === undefined ? [] : ['Transfer-Encoding', 'chunked'];
  const isFirst = before === undefined && request.headers['x-forwarded-proto'] === undefined;
  return [...kept, 'X-Forwarded-For', chain, ...(isFirst ? ['X-Forwarded-Proto', 'http'] : []), ...framing];
}

/** An answer's headers for the client. */
export function answerHeaders(answer: http.IncomingMessage, without: readonly string[] = []): string[] {
  return passedOn(answer, without);
}

/** Names and values as they came, but for those of one hop, those that `Connection` names, and some. */
function passedOn({ rawHeaders, headers }: http.IncomingMessage, without: readonly string[]): string[] {
  const named = (headers.connection ?? '').toLowerCase().split(/ *, */);
  const dropped = new Set([...HOP, ...named, ...without]);
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (!dropped.has((rawHeaders[index] ?? '').toLowerCase()))
      kept.push(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  }
  return kept;
}
