// Every failure of a request as a Matrix error (client-server API, "Standard error response"), whichever part threw it.
// Invariant: what is unexpected is written to the journal once and shown to nobody.
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { refusal } from '#libs/matrix';
import { answerFor, type Answer } from './refused-request.js';
import type { RouteBook } from './route-book.js';

@Catch()
export class MatrixErrors implements ExceptionFilter {
  readonly #logger = new Logger('gateway');

  constructor(private readonly routes: RouteBook) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<FastifyRequest>();
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const { status, headers, body, unexpected } = this.#wrongMethod(error, request) ?? answerFor(error);
    if (unexpected !== undefined) this.#logger.error(unexpected);
    if (reply.sent || reply.raw.headersSent) return;
    void reply.code(status).headers(headers).send(body);
  }

  #wrongMethod(error: unknown, request: FastifyRequest): Answer | undefined {
    if (!(error instanceof HttpException) || error.getStatus() !== 404) return undefined;
    const methods = this.routes.methodsOf((request.raw.url ?? '').split('?', 1)[0] ?? '');
    if (methods.length === 0) return undefined;
    const { body } = refusal('M_UNRECOGNIZED', `${request.method} is not for this path`);
    return { status: 405, headers: { allow: methods.join(', ') }, body };
  }
}
