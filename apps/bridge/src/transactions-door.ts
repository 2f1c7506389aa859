// The doors of the application service API: transactions, and the few questions a homeserver asks besides. Invariant: nobody is
// served without the homeserver's token, which is compared by digest; 200 to a transaction means durable, and whatever fails is
// answered so that the homeserver sends it again.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readTraceparent, TRACEPARENT } from '#libs/contracts';
import type { Clock } from '#libs/event-log';
import { parseJsonObject, refusal, type ErrorCode } from '#libs/matrix';
import type { Journal } from '#libs/runtime';
import type { BridgeMeters } from './meters.js';
import type { Transactions } from './transactions.js';

export interface TransactionsDoorOptions {
  readonly transactions: Transactions;
  readonly hsToken: string;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly meters: BridgeMeters;
  /** Longest wait until a transaction is durable, milliseconds; afterwards 503, and the homeserver asks again. */
  readonly maxDurableMs: number;
}

/** A hundred events of 64 KiB, and what travels with them. */
const MAX_TRANSACTION_BYTES = 32 * 1024 * 1024;
const RETRY_SECONDS = '2';
const UNKNOWN_ID = 'Rollcall has no users or rooms of its own';

export class TransactionsDoor {
  readonly #digest: Buffer;

  constructor(private readonly options: TransactionsDoorOptions) {
    this.#digest = digestOf(options.hsToken);
  }

  register(fastify: FastifyInstance): void {
    const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
      if (this.#isHomeserver(request)) done();
      else this.#forbid(request, reply);
    };
    const guarded = { onRequest, bodyLimit: MAX_TRANSACTION_BYTES };
    // The prefix is newer than the paths without it, which homeservers still try.
    for (const prefix of ['/_matrix/app/v1', '']) {
      fastify.put(`${prefix}/transactions/:txnId`, guarded, (request, reply) => this.#take(request, reply));
      for (const kind of ['users', 'rooms']) {
        fastify.get(`${prefix}/${kind}/:id`, guarded, (_request, reply) => answer(reply, 'M_NOT_FOUND', UNKNOWN_ID));
      }
    }
    fastify.post('/_matrix/app/v1/ping', guarded, (_request, reply) => reply.code(200).send({}));
  }

  async #take(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { txnId } = request.params as { txnId: string };
    const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const body = parseJsonObject(bytes.toString('utf8'));
    if (!body.ok) return reply.code(body.refusal.status).send(body.refusal.body);
    try {
      const traceparent = readTraceparent(request.headers[TRACEPARENT]);
      const name = { id: txnId, digest: digestOf(bytes).toString('base64'), traceparent };
      await this.#inTime(this.options.transactions.take(name, body.value));
      return await reply.code(200).send({});
    } catch (error) {
      this.options.journal.warn('a transaction of the homeserver is not durable yet; it will come again', { error });
      const { status, body: told } = refusal('M_UNKNOWN', 'The log cannot be reached now', 503);
      return reply.code(status).header('retry-after', RETRY_SECONDS).send(told);
    }
  }

  #inTime(durable: Promise<void>): Promise<void> {
    const { clock, maxDurableMs } = this.options;
    return new Promise((resolve, reject) => {
      const cancel = clock.wakeAt(clock.nowMs() + maxDurableMs, () => {
        reject(new Error('the log did not answer in time'));
      });
      durable.then(resolve, reject).finally(cancel).catch(reject);
    });
  }

  /** The header, or the parameter of older homeservers. */
  #isHomeserver({ headers, query }: FastifyRequest): boolean {
    const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
    const { access_token: parameter } = query as { access_token?: unknown };
    const token = bearer ?? (typeof parameter === 'string' ? parameter : undefined);
    return token !== undefined && timingSafeEqual(digestOf(token), this.#digest);
  }

  #forbid(request: FastifyRequest, reply: FastifyReply): void {
    this.options.meters.refused.inc();
    const isMissing = request.headers.authorization === undefined && !/[?&]access_token=/.test(request.raw.url ?? '');
    if (isMissing) void answer(reply, 'M_MISSING_TOKEN', 'The homeserver’s token is missing', 401);
    else void answer(reply, 'M_FORBIDDEN', 'That is not the hs_token of the registration file');
  }
}

function answer(reply: FastifyReply, code: ErrorCode, sentence: string, status?: number): FastifyReply {
  const refused = status === undefined ? refusal(code, sentence) : refusal(code, sentence, status);
  return reply.code(refused.status).send(refused.body);
}

function digestOf(text: string | Buffer): Buffer {
  return createHash('sha256').update(text).digest();
}
