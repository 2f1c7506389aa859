// PUT and GET of a user's presence override (MSC4043 in the form of design.md section 8): the user and the administrator.
// Invariant: the same promise as a PUT of the status: durable, then visible here, then 200.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isUserId, parseOverridePut, shownPresence } from '#libs/matrix';
import type { Gateway } from '../gateway.js';
import { bodyText } from '../http/request-reading.js';
import { refuse, refuseFor, refuseForNow, taken } from '../http/refused-request.js';
import { traced } from '../http/traced.js';
import type { WhoAsks } from '../http/who-asks.js';
import { json } from './presence-door.js';

export class OverrideDoor {
  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
  ) {}

  register(fastify: FastifyInstance): void {
    const url = '/_matrix/client/v3/presence/:userId/override';
    fastify.put(
      url,
      traced(this.gateway.tracing, 'PUT presence override', (...asked: [FastifyRequest, FastifyReply, string?]) =>
        this.put(...asked),
      ),
    );
    fastify.get(url, (request, reply) => this.get(request, reply));
  }

  async put(request: FastifyRequest, reply: FastifyReply, traceparent?: string): Promise<string> {
    const userId = await this.#userOf(request);
    const { presence } = taken(parseOverridePut(bodyText(request)));
    const waitMs = this.gateway.puts.take(userId, this.gateway.options.clock.nowMs());
    if (waitMs > 0) refuseFor(waitMs);
    const input = { type: 'presence.override' as const, ...(presence === undefined ? {} : { presence }) };
    const appended = await this.gateway.writer.command(userId, input, traceparent);
    await Promise.all([
      this.gateway.visibility.ofInput('commands', appended),
      this.gateway.overrides.whenPast(appended),
    ]);
    this.gateway.news.poke(userId);
    return json(reply, '{}');
  }

  async get(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const userId = await this.#userOf(request);
    if (!this.gateway.overrides.complete) refuseForNow('The commands are still being read');
    const presence = this.gateway.overrides.of(userId);
    return json(
      reply,
      JSON.stringify({
        presence: presence === undefined ? null : shownPresence(presence, this.gateway.options.busyName),
      }),
    );
  }

  async #userOf(request: FastifyRequest): Promise<string> {
    const caller = await this.whoAsks.caller(request);
    const { userId } = request.params as { readonly userId: string };
    if (caller.kind === 'user' && caller.userId !== userId)
      refuse('M_FORBIDDEN', 'Only the user and the administrator may see or set an override');
    return isUserId(userId) ? userId : refuse('M_INVALID_PARAM', 'This is no user id');
  }
}
