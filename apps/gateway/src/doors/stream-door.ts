// GET /_rollcall/v1/stream: presence as server-sent events. Invariant: every `id` is a `since` token behind exactly what was
// written before it; a reader that is slow is written to no faster than it reads, and finds the latest state per sender when
// it goes on. The token of its request is asked again while it lasts.
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseSetPresence } from '#libs/matrix';
import type { Claim } from '#libs/presence';
import { whenCalled, type Feed, type Wanted } from '../delivery/feed.js';
import { readSinceToken, type SinceToken } from '../delivery/since-token.js';
import type { Filters } from '../filters.js';
import type { Gateway } from '../gateway.js';
import { flagOf, parameterOf, type Query } from '../http/request-reading.js';
import { RefusedRequest, refuse, refuseFor, taken } from '../http/refused-request.js';
import type { UserCaller, WhoAsks } from '../http/who-asks.js';
import type { Attendance } from '../sessions/sessions.js';
import type { Place } from '../waiting.js';
import { EventWriter } from './event-writer.js';

interface Stream {
  readonly request: FastifyRequest;
  readonly raw: ServerResponse;
  readonly writer: EventWriter;
  readonly wanted: Wanted;
  readonly place: Place;
}

const BUSY_RETRY_MS = 2_000;
const SHOW_AGAIN_MS = 100;
/** Characters of events in one write, about: then the reader is asked whether it keeps up. */
const WRITE_CHARACTERS = 16_384;

export class StreamDoor {
  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
    private readonly filters: Filters,
  ) {}

  register(fastify: FastifyInstance): void {
    // A HEAD of something that never ends would never be answered.
    fastify.get('/_rollcall/v1/stream', { exposeHeadRoute: false }, (request, reply) => this.#open(request, reply));
  }

  async #open(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const caller = await this.whoAsks.caller(request);
    const query = request.query as Query;
    const all = flagOf(query, 'all');
    if (all && caller.kind !== 'admin') refuse('M_FORBIDDEN', 'Only the administrator may see everybody');
    if (!all && caller.kind === 'admin')
      refuse('M_FORBIDDEN', 'The administrator is no user; everybody is at ?all=true');
    const since = sinceOf(request, query);
    const name = caller.kind === 'user' ? caller.userId : '!admin';
    const wanted = taken(this.filters.wanted(name, parameterOf(query, 'filter')));
    const start = caller.kind === 'admin' ? this.#everyone(since) : this.#users(caller, since, claimOf(query));
    const place = this.gateway.waiting.enter(name, Infinity);
    if (place === 'full') refuseFor(BUSY_RETRY_MS);
    reply.hijack();
    await this.#write({ request, raw: reply.raw, writer: new EventWriter(reply.raw), wanted, place }, start);
    return reply;
  }

  /** Refuses a bad token before anything is written. */
  #everyone(since: string | undefined): (stream: Stream) => Promise<void> {
    const reader = this.gateway.everyone.read(since);
    if (reader === 'malformed') refuse('M_INVALID_PARAM', '"since" is not a token of such a stream');
    return async (stream) => {
      try {
        await this.#pour(stream, reader);
      } finally {
        reader.close();
      }
    };
  }

  #users(caller: UserCaller, since: string | undefined, claim: Claim): (stream: Stream) => Promise<void> {
    const read = since === undefined ? undefined : readSinceToken(since);
    if (read?.kind === 'malformed') refuse('M_INVALID_PARAM', '"since" is not a token of this server');
    return async (stream) => {
      const attendance =
        claim === 'none'
          ? undefined
          : this.gateway.sessions.attend({ userId: caller.userId, deviceId: caller.deviceId, kind: 'stream', claim });
      try {
        await this.#told(attendance);
        const begin =
          read?.kind === 'token'
            ? read.token
            : await this.#snapshot(stream, caller.userId, read === undefined ? 'first' : undefined);
        await this.#follow(stream, caller.userId, begin);
      } finally {
        attendance?.ended('abandoned');
      }
    };
  }

  async #told(attendance: Attendance | undefined): Promise<void> {
    await this.gateway.visibility.ofClaim(attendance?.announced);
  }

  /** What a first /sync shows, or the fallback for a token that says no more. */
  async #snapshot(stream: Stream, userId: string, token: SinceToken | 'first' | undefined): Promise<SinceToken> {
    const { news, meters } = this.gateway;
    meters.snapshots.inc({ reason: token === 'first' ? 'first' : 'lost' });
    const snapshot =
      token === 'first' ? news.snapshot(userId, stream.wanted) : news.fallback(userId, stream.wanted, token);
    const last = snapshot.texts.length - 1;
    for (const [index, text] of snapshot.texts.entries()) {
      await writeOut(stream, eventOf(text, index === last ? news.text(snapshot.token) : undefined));
    }
    return snapshot.token;
  }

  async #follow(stream: Stream, userId: string, begin: SinceToken): Promise<void> {
    const { news, deliveries } = this.gateway;
    let token = begin;
    /** What is known of how the token came to be. */
    let origin: 'followed' | 'behind' | 'shown' = 'followed';
    for (;;) {
      const feed = await news.follow(userId, token);
      if (stream.place.ended() !== undefined) return;
      if (feed === 'lost') {
        // What was shown just now cannot be followed yet: the views here have to come further.
        if (origin === 'shown') await this.#pause(stream);
        token = await this.#snapshot(stream, userId, origin === 'behind' ? undefined : token);
        origin = 'shown';
      } else if (feed === 'ahead') {
        const partition = deliveries.partitionOf(userId);
        await whenCalled((listener) => partition.onApplied(listener), stream.place.signal);
      } else {
        if ((await this.#pour(stream, feed)) === 'over') return;
        token = feed.sinceToken;
        origin = 'behind';
      }
    }
  }

  #pause({ place }: Stream): Promise<void> {
    const { clock } = this.gateway.options;
    return whenCalled((listener) => clock.wakeAt(clock.nowMs() + SHOW_AGAIN_MS, listener), place.signal);
  }

  /** Writes what comes until the stream is over, or the feed falls behind: all that a wake-up finds in one write, each event with a token of its own. */
  #pour({ writer, wanted, place }: Stream, feed: Feed): Promise<'over' | 'behind'> {
    return new Promise((resolve, reject) => {
      let text = '';
      const tell = (event: string, token: string): 'more' | 'enough' => {
        text += eventOf(event, token);
        return text.length < WRITE_CHARACTERS ? 'more' : 'enough';
      };
      const pour = (): void => {
        try {
          while (place.ended() === undefined && !writer.isFull) {
            if (feed.isBehind) {
              end('behind');
              return;
            }
            text = '';
            feed.each(wanted.passes, tell);
            if (text === '') return;
            writer.write(text);
          }
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
          end('over');
        }
      };
      const stops = [feed.listen(pour), writer.onDrain(pour)];
      const end = (how: 'over' | 'behind'): void => {
        for (const stop of stops) stop();
        resolve(how);
      };
      place.onEnd(() => end('over'));
      if (place.ended() === undefined) pour();
      else end('over');
    });
  }

  async #write(stream: Stream, run: (stream: Stream) => Promise<void>): Promise<void> {
    const { raw, place } = stream;
    raw.once('close', () => {
      place.end('gone');
    });
    raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    raw.write(':\n\n');
    const cancel = this.#comment(stream);
    try {
      await run(stream);
    } finally {
      cancel();
      place.leave();
      raw.end();
    }
  }

  /** A comment every so often, by which proxies and clients see that the stream lives; and the moment to ask the token again. */
  #comment(stream: Stream): () => void {
    const { clock } = this.gateway.options;
    let cancel = (): void => undefined;
    const later = (): void => {
      cancel = clock.wakeAt(clock.nowMs() + this.gateway.bounds.streamCommentMs, () => {
        if (!stream.writer.isFull) stream.writer.write(':\n\n');
        this.#endWhenRefused(stream).catch((error: unknown) => {
          this.gateway.options.journal.error('a stream could not ask its token again', { error });
        });
        later();
      });
    };
    later();
    return () => {
      cancel();
    };
  }

  /** Only a refusal ends a stream; a method that cannot tell now does not. */
  async #endWhenRefused({ request, place }: Stream): Promise<void> {
    try {
      await this.whoAsks.caller(request);
    } catch (error) {
      if (error instanceof RefusedRequest) place.end('gone');
    }
  }
}

/** On reconnection the header is the newer word. */
function sinceOf({ headers }: FastifyRequest, query: Query): string | undefined {
  const header = headers['last-event-id'];
  const since = typeof header === 'string' && header !== '' ? header : parameterOf(query, 'since');
  return since === '' ? undefined : since;
}

/** Absent claims nothing here, unlike in /sync. */
function claimOf(query: Query): Claim {
  return query['set_presence'] === undefined ? 'none' : taken(parseSetPresence(query['set_presence']));
}

function eventOf(text: string, id: string | undefined): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: presence\ndata: ${text}\n\n`;
}

/** Resolves when the socket takes more, or the stream ends. */
async function writeOut({ writer, place }: Stream, text: string): Promise<void> {
  if (place.ended() !== undefined) return;
  writer.write(text);
  if (writer.isFull) await whenCalled((listener) => writer.onDrain(listener), place.signal);
}
