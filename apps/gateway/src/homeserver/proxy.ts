// Everything that is not presence goes to the homeserver and comes back byte for byte. Invariant: bodies stream both ways in flat
// memory; our tokens in a query are the homeserver's own again; a client that leaves ends the question, and a homeserver that
// leaves in the middle ends the answer, never pads it.
import { pipeline } from 'node:stream/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { withoutOurTokens } from './combined-token.js';
import { answerHeaders, headersOf, type Upstream } from './upstream.js';

export interface Changed {
  /** Path and query. */
  readonly path?: string;
  /** In place of one that has been read. */
  readonly body?: Buffer;
}

export class Proxy {
  constructor(private readonly upstream: Upstream) {}

  /** Answers with what the homeserver says. @throws HomeserverAwayError before anything was sent. */
  async forward(request: FastifyRequest, reply: FastifyReply, changed: Changed = {}): Promise<number> {
    const gone = goneSignal(reply);
    const answer = await this.upstream.ask({
      method: request.method,
      path: changed.path ?? pathFor(request),
      headers: headersOf(request),
      ...(changed.body === undefined ? bodyOf(request) : { body: changed.body }),
      signal: gone,
    });
    await relay(answer, reply);
    return answer.statusCode ?? 0;
  }
}

/** Sends an answer on as it is; the reply is Fastify's no more. */
export async function relay(answer: IncomingMessage, reply: FastifyReply): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(answer.statusCode ?? 502, answer.statusMessage ?? '', answerHeaders(answer));
  try {
    await pipeline(answer, raw);
  } catch {
    // Either side left in the middle: what was begun cannot be taken back, only cut off, which pipeline did.
    raw.destroy();
  }
}

/** Fires when the client has gone before its answer was whole. */
export function goneSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) controller.abort();
  });
  return controller.signal;
}

export function pathFor({ raw: { url = '/' } }: FastifyRequest): string {
  const mark = url.indexOf('?');
  return mark < 0 ? url : `${url.slice(0, mark)}?${withoutOurTokens(url.slice(mark + 1))}`;
}

/** Not read yet: it goes on as it comes. */
function bodyOf({ raw }: FastifyRequest): { readonly body?: Readable } {
  const { 'content-length': length = '0', 'transfer-encoding': encoding } = raw.headers;
  return length === '0' && encoding === undefined ? {} : { body: raw };
}
