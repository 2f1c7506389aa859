// GET /sync, its presence part (client-server API, "Syncing"). Invariant: a poll with nothing to tell waits for its time, and no
// answer with data carries a token that does not move on; whatever becomes of the presence of the one who asks (too many
// changes, the log away), the poll itself is answered.
import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { parseSetPresence } from '#libs/matrix';
import type { Wanted } from '../delivery/feed.js';
import { readSinceToken, type SinceToken, type SinceTokenRead } from '../delivery/since-token.js';
import type { Snapshot } from '../delivery/snapshot.js';
import type { Filters } from '../filters.js';
import type { Gateway } from '../gateway.js';
import type { HotRoute } from '../http/hot-lane.js';
import { flagOf, parameterOf, spanOf, type Asked, type Query } from '../http/request-reading.js';
import { refuse, refuseFor, taken } from '../http/refused-request.js';
import type { UserCaller, WhoAsks } from '../http/who-asks.js';
import type { Attendance } from '../sessions/sessions.js';
import type { Place } from '../waiting.js';
import { json } from './presence-door.js';

interface Poll {
  readonly caller: UserCaller;
  readonly wanted: Wanted;
  readonly since: SinceTokenRead | undefined;
  readonly fullState: boolean;
  readonly untilMs: number;
  /** Its place among those who wait, once it has to. */
  place: Place | undefined;
  /** The client has gone. */
  isGone: boolean;
}

/** Sections that real clients want to see, and that are not ours. */
const OTHER_SECTIONS =
  '"account_data":{"events":[]},"rooms":{"join":{},"invite":{},"knock":{},"leave":{}},"to_device":{"events":[]},"device_lists":{"changed":[],"left":[]},"device_one_time_keys_count":{},"device_unused_fallback_key_types":[]';
const BUSY_RETRY_MS = 2_000;
const VERSIONS = ['v3', 'r0'] as const;

export class SyncDoor {
  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
    private readonly filters: Filters,
  ) {}

  register(fastify: FastifyInstance): void {
    for (const version of VERSIONS)
      fastify.get(doorOf(version), async (request, reply) => {
        const text = await this.answer(request, reply.raw);
        if (!reply.raw.closed) return json(reply, text);
        reply.hijack();
        return '';
      });
  }

  /** The same, for the polls that come by the thousands. */
  hotRoutes(): HotRoute[] {
    return VERSIONS.map((version) => ({
      method: 'GET',
      door: doorOf(version),
      before: doorOf(version),
      takesQuery: true,
      answer: (asked, response) => this.answer(asked, response),
    }));
  }

  /** JSON text. Resolves when there is something to tell, or the poll's time is over, or its client has gone. */
  async answer(request: Asked, response: ServerResponse): Promise<string> {
    const caller = await this.whoAsks.user(request);
    const query = request.query as Query;
    const claim = taken(parseSetPresence(query['set_presence']));
    const poll = this.#read(caller, query);
    const { sessions } = this.gateway;
    const attendance = sessions.attend({ userId: caller.userId, deviceId: caller.deviceId, kind: 'poll', claim });
    // Once: `once` would make another function of it, for every poll.
    response.on('close', () => {
      poll.isGone = true;
      poll.place?.end('gone');
    });
    try {
      return await this.#text(poll, attendance);
    } finally {
      poll.place?.leave();
      attendance.ended(poll.isGone ? 'abandoned' : 'answered');
    }
  }

  #read(caller: UserCaller, query: Query): Poll {
    const wanted = taken(this.filters.wanted(caller.userId, parameterOf(query, 'filter')));
    const timeoutMs = spanOf(query, 'timeout', this.gateway.bounds.maxPollMs);
    const text = parameterOf(query, 'since');
    const since = text === undefined || text === '' ? undefined : readSinceToken(text);
    if (since?.kind === 'malformed') refuse('M_INVALID_PARAM', '"since" is not a token of this server');
    const untilMs = this.gateway.options.clock.nowMs() + timeoutMs;
    const fullState = flagOf(query, 'full_state');
    return { caller, wanted, since, fullState, untilMs, place: undefined, isGone: false };
  }

  async #text(poll: Poll, attendance: Attendance): Promise<string> {
    const { visibility } = this.gateway;
    // What this poll says of its user is in the view, if that can be had in a bounded time.
    if (visibility.isAwaited(attendance.announced)) await visibility.ofClaim(attendance.announced);
    const { userId } = poll.caller;
    if (poll.since === undefined || poll.fullState)
      return this.#whole(this.gateway.news.snapshot(userId, poll.wanted), 'first');
    if (poll.since.kind !== 'token')
      return this.#whole(this.gateway.news.fallback(userId, poll.wanted, undefined), 'foreign');
    return this.#since(poll, poll.since.token);
  }

  async #since(poll: Poll, token: SinceToken): Promise<string> {
    const { news, deliveries } = this.gateway;
    const { userId } = poll.caller;
    let feed = await news.follow(userId, token);
    while (feed === 'ahead') {
      const partition = deliveries.partitionOf(userId);
      const next = await this.#wait(poll, (listener) => partition.onApplied(listener));
      if (next === 'over') return body(news.text(token), []);
      feed = await news.follow(userId, token);
    }
    if (feed === 'lost') return this.#whole(news.fallback(userId, poll.wanted, token), 'lost');
    const followed = feed;
    let texts = followed.take(poll.wanted);
    while (texts.length === 0 && (await this.#wait(poll, (listener) => followed.listen(listener))) === 'again')
      texts = followed.take(poll.wanted);
    return body(followed.token(), texts);
  }

  /** Until `listen` calls, or the poll's place among those who wait ends: then once more, and then it is over. */
  #wait(poll: Poll, listen: (listener: () => void) => () => void): Promise<'again'> | 'over' {
    const { waiting, options } = this.gateway;
    if (poll.place === undefined) {
      if (options.clock.nowMs() >= poll.untilMs || poll.isGone) return 'over';
      const entered = waiting.enter(poll.caller.userId, poll.untilMs);
      poll.place = entered === 'full' ? refuseFor(BUSY_RETRY_MS) : entered;
    }
    const { place } = poll;
    if (place.ended() !== undefined) return 'over';
    return new Promise((resolve) => {
      const wake = (): void => {
        stopListening();
        resolve('again');
      };
      const stopListening = listen(wake);
      place.onEnd(wake);
    });
  }

  #whole({ texts, token }: Snapshot, reason: 'first' | 'lost' | 'foreign'): string {
    this.gateway.meters.snapshots.inc({ reason });
    return body(this.gateway.news.text(token), texts);
  }
}

function body(token: string, texts: readonly string[]): string {
  return `{"next_batch":"${token}","presence":{"events":[${texts.join(',')}]},${OTHER_SECTIONS}}`;
}

function doorOf(version: (typeof VERSIONS)[number]): string {
  return `/_matrix/client/${version}/sync`;
}
