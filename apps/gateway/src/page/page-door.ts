// The page itself, as static files. Invariant: needs no token and holds nobody's presence; what it may load, connect to and be
// framed by is this very server and nothing else, by Content-Security-Policy.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { builtPage, readPage, type PageFile } from './page-files.js';

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  vary: 'accept-encoding',
};

const FOREVER = 'public, max-age=31536000, immutable';
const ASK_AGAIN = 'no-cache';
const NOT_BUILT = 'The page is not built. "npm start" builds it; so does "npm test".\n';

export class PageDoor {
  readonly #files: ReadonlyMap<string, PageFile>;

  constructor(folder = builtPage()) {
    this.#files = readPage(folder);
  }

  register(fastify: FastifyInstance): void {
    if (!this.#files.has('/')) {
      fastify.get('/', (_request, reply) => reply.code(503).type('text/plain; charset=utf-8').send(NOT_BUILT));
    }
    for (const [path, file] of this.#files) fastify.get(path, (request, reply) => serve(request, reply, file));
  }
}

function serve({ headers }: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  void reply.headers({ ...HEADERS, etag: file.tag, 'cache-control': file.immutable ? FOREVER : ASK_AGAIN });
  if (headers['if-none-match'] === file.tag) return reply.code(304).send();
  void reply.type(file.type);
  const accepted = headers['accept-encoding'] ?? '';
  for (const encoding of ['br', 'gzip'] as const) {
    const packed = file[encoding];
    if (packed !== undefined && new RegExp(`\\b${encoding}\\b(?!;q=0(\\.0*)?(,|$))`).test(String(accepted)))
      return reply.header('content-encoding', encoding).send(packed);
  }
  return reply.send(file.plain);
}
