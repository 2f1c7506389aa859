// The HTTP server as the gateway needs it: Matrix ids in paths, bodies as bytes within a bound, CORS on /_matrix only, one
// shape of error. Invariant: nothing that a client sends makes a 500, and no answer of another origin's business leaves
// /_rollcall. It stands apart because Nest's own parsers and errors are not Matrix's.
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DEFAULT_BOUNDS } from '../gateway-options.js';
import { MatrixErrors } from './matrix-errors.filter.js';
import { answerFor } from './refused-request.js';
import { RouteBook } from './route-book.js';

/** Percent-encoded, an id of 255 bytes has 765 characters; filter ids are longer. */
const MAX_PATH_PARAMETER = 1_024;
/** Inline filters travel in the URL. */
const MAX_HEADERS_BYTES = 64 * 1_024;
const BYTES = 'application/octet-stream';
const MAX_REQUEST_MS = 120_000;

export const CORS_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
  'access-control-allow-headers': 'X-Requested-With, Content-Type, Authorization',
};

export class GatewayAdapter extends FastifyAdapter {
  readonly routes = new RouteBook();

  constructor() {
    super({
      routerOptions: { maxParamLength: MAX_PATH_PARAMETER, ignoreTrailingSlash: true },
      bodyLimit: DEFAULT_BOUNDS.maxBodyBytes,
      requestTimeout: MAX_REQUEST_MS,
      http: { maxHeaderSize: MAX_HEADERS_BYTES },
      skipMiddie: true,
      frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
        allowOrigins(request, reply);
        const { status, headers, body } = answerFor(error);
        void reply.code(status).headers(headers).send(body);
      },
    });
    const fastify = this.getInstance<FastifyInstance>();
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body);
    });
    fastify.addHook('onRoute', ({ url, method }) => {
      this.routes.add(url, method);
    });
    fastify.addHook('onRequest', (request, reply, done) => {
      // Whatever a client says of its body, the door looks at the bytes; Fastify would refuse what it cannot read.
      if (request.headers['content-type'] !== undefined) request.headers['content-type'] = BYTES;
      if (!allowOrigins(request, reply) || request.method !== 'OPTIONS') done();
      else void reply.code(200).send();
    });
  }

  /** Bodies stay bytes: what they must be is said by the door, in Matrix's words. */
  override registerParserMiddleware(): void {
    return;
  }
}

/** Client-server API, "Web Browser Clients". */
function allowOrigins(request: FastifyRequest, reply: FastifyReply): boolean {
  if (!(request.raw.url ?? '').startsWith('/_matrix/')) return false;
  void reply.headers(CORS_HEADERS);
  return true;
}

export function gatewayAdapter(): GatewayAdapter {
  return new GatewayAdapter();
}

/** To be called before the application listens. */
export function prepareGateway(app: NestFastifyApplication): void {
  const adapter = app.getHttpAdapter() as unknown as GatewayAdapter;
  app.useGlobalFilters(new MatrixErrors(adapter.routes));
}
