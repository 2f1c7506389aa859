// The HTTP server of a bridge that is a process of its own. Invariant: bodies stay bytes, since transactions are read by the
// door, within its bound, whatever their content type says.
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';

const MAX_PATH_PARAMETER = 1_024;

export class BridgeAdapter extends FastifyAdapter {
  constructor() {
    super({ routerOptions: { maxParamLength: MAX_PATH_PARAMETER, ignoreTrailingSlash: true }, skipMiddie: true });
    const fastify = this.getInstance<FastifyInstance>();
    fastify.removeAllContentTypeParsers();
    fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body);
    });
  }

  override registerParserMiddleware(): void {
    return;
  }
}

export function bridgeAdapter(): BridgeAdapter {
  return new BridgeAdapter();
}
