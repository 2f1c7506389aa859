// PUT and GET of a user's status (client-server API, "Presence"). Invariant: 200 to a PUT only when it is durable, and after it
// is visible here, in a bounded time; a GET tells of nobody with whom no room is shared, whether they exist or not.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { isUserId, parsePresencePut, presenceContent } from '#libs/matrix';
import type { PresenceSet } from '#libs/presence';
import type { Gateway } from '../gateway.js';
import type { Caller } from '../authentication/caller.js';
import type { HotRoute } from '../http/hot-lane.js';
import { bodyText, type Asked } from '../http/request-reading.js';
import { refuse, refuseFor, taken } from '../http/refused-request.js';
import { traced } from '../http/traced.js';
import type { WhoAsks } from '../http/who-asks.js';

interface UserPath {
  readonly userId: string;
}

export class PresenceDoor {
  readonly #put: (asked: Asked, _: undefined) => Promise<string>;

  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
  ) {
    this.#put = traced(gateway.tracing, 'PUT presence status', (asked, _, traceparent) => this.put(asked, traceparent));
  }

  register(fastify: FastifyInstance): void {
    for (const version of ['v3', 'r0']) {
      const url = `/_matrix/client/${version}/presence/:userId/status`;
      fastify.put(url, async (request, reply) => json(reply, await this.#put(request, undefined)));
      fastify.get(url, async (request, reply) => json(reply, await this.get(request)));
    }
  }

  /** The same, for the requests that come by the thousands. */
  hotRoutes(): HotRoute[] {
    const answers = { GET: (asked: Asked) => this.get(asked), PUT: (asked: Asked) => this.#put(asked, undefined) };
    return ['v3', 'r0'].flatMap((version) =>
      (['GET', 'PUT'] as const).map((method) => ({
        method,
        door: `/_matrix/client/${version}/presence/:userId/status`,
        before: `/_matrix/client/${version}/presence/`,
        parameter: 'userId',
        after: '/status',
        answer: answers[method],
      })),
    );
  }

  async put(request: Asked, traceparent?: string): Promise<string> {
    const beganMs = performance.now();
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
    this.gateway.meters.seconds.observe((performance.now() - beganMs) / 1_000);
    return '{}';
  }

  /** At once where the token is known at once. */
  get(request: Asked): string | Promise<string> {
    const { userId } = request.params as UserPath;
    const caller = this.whoAsks.caller(request);
    return caller instanceof Promise ? caller.then((told) => this.#shown(told, userId)) : this.#shown(caller, userId);
  }

  #shown(caller: Caller, userId: string): string {
    const { states, memberships, options } = this.gateway;
    if (caller.kind === 'user' && caller.userId !== userId && !memberships.isInterested(caller.userId, userId)) {
      refuse('M_FORBIDDEN', 'You do not share a room with this user');
    }
    if (caller.kind === 'admin' && !isUserId(userId)) refuse('M_INVALID_PARAM', 'This is no user id');
    const content = presenceContent(states.get(userId)?.view, options.clock.nowMs(), options.busyName);
    return JSON.stringify(content);
  }
}

/** Text that is JSON already: nothing serialises it again. */
export function json(reply: FastifyReply, text: string): string {
  reply.header('content-type', 'application/json; charset=utf-8');
  return text;
}
