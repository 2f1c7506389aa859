// PUT and GET of a user's status (client-server API, "Presence"). Invariant: 200 to a PUT only when it is durable, and after it
// is visible here, in a bounded time; a GET tells of nobody with whom no room is shared, whether they exist or not.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isUserId, parsePresencePut, presenceContent } from '#libs/matrix';
import type { PresenceSet } from '#libs/presence';
import type { Gateway } from '../gateway.js';
import { bodyText } from '../http/request-reading.js';
import { refuse, refuseFor, taken } from '../http/refused-request.js';
import { traced } from '../http/traced.js';
import type { WhoAsks } from '../http/who-asks.js';

interface UserPath {
  readonly userId: string;
}

export class PresenceDoor {
  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
  ) {}

  register(fastify: FastifyInstance): void {
    for (const version of ['v3', 'r0']) {
      const url = `/_matrix/client/${version}/presence/:userId/status`;
      fastify.put(
        url,
        traced(this.gateway.tracing, 'PUT presence status', (...asked) => this.put(...asked)),
      );
      fastify.get(url, (request, reply) => this.get(request, reply));
    }
  }

  async put(request: FastifyRequest, reply: FastifyReply, traceparent?: string): Promise<string> {
    const stop = this.gateway.meters.seconds.startTimer();
    const caller = await this.whoAsks.caller(request);
    const { userId } = request.params as UserPath;
    if (caller.kind !== 'user' || caller.userId !== userId) refuse('M_FORBIDDEN', 'You can only set your own presence');
    const { presence, statusMsg } = taken(parsePresencePut(bodyText(request)));
    const waitMs = this.gateway.puts.take(userId, this.gateway.options.clock.nowMs());
    if (waitMs > 0) refuseFor(waitMs);
    const input: PresenceSet = {
      type: 'presence.set',
      deviceId: caller.deviceId,
      presence,
      ...(statusMsg === undefined ? {} : { statusMsg }),
    };
    const appended = await this.gateway.writer.command(userId, input, traceparent);
    await this.gateway.visibility.ofInput('commands', appended);
    this.gateway.news.poke(userId);
    stop();
    return json(reply, '{}');
  }

  async get(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const caller = await this.whoAsks.caller(request);
    const { userId } = request.params as UserPath;
    const { states, memberships, options } = this.gateway;
    if (caller.kind === 'user' && caller.userId !== userId && !memberships.isInterested(caller.userId, userId)) {
      refuse('M_FORBIDDEN', 'You do not share a room with this user');
    }
    if (caller.kind === 'admin' && !isUserId(userId)) refuse('M_INVALID_PARAM', 'This is no user id');
    const content = presenceContent(states.get(userId)?.view, options.clock.nowMs(), options.busyName);
    return json(reply, JSON.stringify(content));
  }
}

/** Text that is JSON already: nothing serialises it again. */
export function json(reply: FastifyReply, text: string): string {
  reply.header('content-type', 'application/json; charset=utf-8');
  return text;
}
