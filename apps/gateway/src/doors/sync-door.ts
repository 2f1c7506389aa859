// GET /sync, its presence part (client-server API, "Syncing"). Invariant: a poll with nothing to tell waits for its time, and no
// answer with data carries a token that does not move on; whatever becomes of the presence of the one who asks (too many
// changes, the log away), the poll itself is answered.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseSetPresence } from '#libs/matrix';
import { whenCalled, type Wanted } from '../delivery/feed.js';
import { readSinceToken, type SinceToken, type SinceTokenRead } from '../delivery/since-token.js';
import type { Snapshot } from '../delivery/presence-news.js';
import type { Filters } from '../filters.js';
import type { Gateway } from '../gateway.js';
import { flagOf, parameterOf, spanOf, type Query } from '../http/request-reading.js';
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
  /** The client has gone. */
  readonly gone: AbortSignal;
}

/** Sections that real clients want to see, and that are not ours. */
const OTHER_SECTIONS =
  '"account_data":{"events":[]},"rooms":{"join":{},"invite":{},"knock":{},"leave":{}},"to_device":{"events":[]},"device_lists":{"changed":[],"left":[]},"device_one_time_keys_count":{},"device_unused_fallback_key_types":[]';
const BUSY_RETRY_MS = 2_000;

export class SyncDoor {
  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
    private readonly filters: Filters,
  ) {}

  register(fastify: FastifyInstance): void {
    for (const version of ['v3', 'r0'])
      fastify.get(`/_matrix/client/${version}/sync`, (request, reply) => this.#answer(request, reply));
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const caller = await this.whoAsks.user(request);
    const query = request.query as Query;
    const claim = taken(parseSetPresence(query['set_presence']));
    const gone = new AbortController();
    const poll = this.#read(caller, query, gone.signal);
    const { sessions } = this.gateway;
    const attendance = sessions.attend({ userId: caller.userId, deviceId: caller.deviceId, kind: 'poll', claim });
    reply.raw.once('close', () => {
      gone.abort();
    });
    try {
      const text = await this.#text(poll, attendance);
      if (!gone.signal.aborted) return json(reply, text);
      reply.hijack();
      return '';
    } finally {
      attendance.ended(gone.signal.aborted ? 'abandoned' : 'answered');
      this.gateway.meters.sessions.set(sessions.size);
    }
  }

  #read(caller: UserCaller, query: Query, gone: AbortSignal): Poll {
    const wanted = taken(this.filters.wanted(caller.userId, parameterOf(query, 'filter')));
    const timeoutMs = spanOf(query, 'timeout', this.gateway.bounds.maxPollMs);
    const text = parameterOf(query, 'since');
    const since = text === undefined || text === '' ? undefined : readSinceToken(text);
    if (since?.kind === 'malformed') refuse('M_INVALID_PARAM', '"since" is not a token of this server');
    const untilMs = this.gateway.options.clock.nowMs() + timeoutMs;
    return { caller, wanted, since, fullState: flagOf(query, 'full_state'), untilMs, gone };
  }

  async #text(poll: Poll, attendance: Attendance): Promise<string> {
    await this.#told(attendance);
    const { userId } = poll.caller;
    if (poll.since === undefined || poll.fullState)
      return this.#whole(this.gateway.news.snapshot(userId, poll.wanted), 'first');
    if (poll.since.kind !== 'token')
      return this.#whole(this.gateway.news.fallback(userId, poll.wanted, undefined), 'foreign');
    return this.#since(poll, poll.since.token);
  }

  /** What this poll says of its user is in the view, if that can be had in a bounded time. */
  async #told({ announced }: Attendance): Promise<void> {
    await this.gateway.visibility.ofClaim(announced);
  }

  async #since(poll: Poll, token: SinceToken): Promise<string> {
    const { news, waiting, options } = this.gateway;
    const { userId } = poll.caller;
    let place: Place | undefined;
    const wait = async (changed: (signal: AbortSignal) => Promise<void>): Promise<'again' | 'over'> => {
      if (place === undefined) {
        if (options.clock.nowMs() >= poll.untilMs || poll.gone.aborted) return 'over';
        const entered = waiting.enter(userId, poll.untilMs);
        place = entered === 'full' ? refuseFor(BUSY_RETRY_MS) : entered;
        poll.gone.addEventListener(
          'abort',
          () => {
            place?.end('gone');
          },
          { once: true },
        );
      }
      if (place.ended() !== undefined) return 'over';
      await changed(place.signal);
      return 'again';
    };
    try {
      let feed = await news.follow(userId, token);
      while (feed === 'ahead') {
        const partition = this.gateway.deliveries.partitionOf(userId);
        const next = await wait((signal) => whenCalled((listener) => partition.onApplied(listener), signal));
        if (next === 'over') return body(news.text(token), []);
        feed = await news.follow(userId, token);
      }
      if (feed === 'lost') return this.#whole(news.fallback(userId, poll.wanted, token), 'lost');
      const followed = feed;
      try {
        let texts = followed.take(poll.wanted);
        while (texts.length === 0 && (await wait((signal) => followed.changed(signal))) === 'again')
          texts = followed.take(poll.wanted);
        return body(followed.token(), texts);
      } finally {
        followed.close();
      }
    } finally {
      place?.leave();
    }
  }

  #whole({ texts, token }: Snapshot, reason: 'first' | 'lost' | 'foreign'): string {
    this.gateway.meters.snapshots.inc({ reason });
    return body(this.gateway.news.text(token), texts);
  }
}

function body(token: string, texts: readonly string[]): string {
  return `{"next_batch":"${token}","presence":{"events":[${texts.join(',')}]},${OTHER_SECTIONS}}`;
}
