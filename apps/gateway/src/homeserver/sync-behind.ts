// GET /sync in front of a homeserver: its answer with our presence in it, or our presence alone while it has nothing to tell.
// Invariant: never an event of a room lost or repeated because of us: the homeserver's token moves only with an answer of its own
// that the client gets; whatever fails on our side leaves presence out, and whatever fails on its side is told as it tells it.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseSetPresence } from '#libs/matrix';
import { EVERYTHING, whenCalled, type Wanted } from '../delivery/feed.js';
import { json } from '../doors/presence-door.js';
import type { Gateway } from '../gateway.js';
import { parameterOf, tokenOf, type Query } from '../http/request-reading.js';
import type { UserCaller } from '../http/who-asks.js';
import type { Attendance } from '../sessions/sessions.js';
import { joinTokens, splitToken, type CombinedToken } from './combined-token.js';
import type { HomeserverFilters } from './homeserver-filters.js';
import { JsonSplice } from './json-splice.js';
import { KEY_COUNT_MEMBERS, KeyCounts } from './key-counts.js';
import { PresenceSide, type Told } from './presence-side.js';
import { goneSignal, relay } from './proxy.js';
import { UpstreamPolls, type PollQuestion, type UpstreamPoll } from './upstream-polls.js';
import { answerHeaders, headersOf, type Upstream } from './upstream.js';

export interface SyncBehindOptions {
  readonly gateway: Gateway;
  readonly upstream: Upstream;
  readonly filters: HomeserverFilters;
  /** How long the homeserver may wait for one question of ours, milliseconds; clients' own waits are not changed by it. */
  readonly upstreamPollMs: number;
  /** A token that the homeserver refused. */
  readonly refused: (caller: UserCaller, token: string) => void;
}

interface Poll {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly caller: UserCaller;
  readonly device: string;
  readonly since: CombinedToken;
  readonly timeoutMs: number;
  readonly beganMs: number;
  readonly gone: AbortSignal;
}

interface Race {
  readonly poll: Poll;
  readonly upstream: UpstreamPoll;
  readonly side: PresenceSide;
  readonly opened: Promise<void>;
  readonly over: AbortSignal;
}

/** What comes this soon after the question comes in one answer. */
export const TOGETHER_MS = 50;
/** For so long the homeserver's answer waits until our side knows what there is. */
export const OPENING_MS = 1_000;
const UPSTREAM_SLACK_MS = 5_000;
/** Nobody reads why; without it, each abort would make an error with a stack. */
const OVER = 'over';

export class SyncBehind {
  readonly polls: UpstreamPolls;
  readonly #keyCounts = new KeyCounts();

  constructor(private readonly options: SyncBehindOptions) {
    this.polls = new UpstreamPolls(options.upstream, options.gateway.options.clock);
  }

  /** `undefined`: this request is the homeserver's to answer (and most likely to refuse). */
  async answer(request: FastifyRequest, reply: FastifyReply, caller: UserCaller): Promise<'answered' | undefined> {
    const query = request.query as Query;
    const claim = parseSetPresence(query['set_presence']);
    const { timeout = '0' } = query;
    if (!claim.ok || typeof timeout !== 'string' || !/^\d{1,15}$/.test(timeout)) return undefined;
    const wanted = await this.#wanted(request, caller);
    if (wanted === undefined) return undefined;
    const { gateway } = this.options;
    const poll: Poll = {
      request,
      reply,
      caller,
      device: `${caller.userId}\0${caller.deviceId}`,
      since: splitToken(parameterOf(query, 'since')),
      timeoutMs: Math.min(Number(timeout), gateway.bounds.maxPollMs),
      beganMs: gateway.options.clock.nowMs(),
      gone: goneSignal(reply),
    };
    const { userId, deviceId } = caller;
    const attendance = gateway.sessions.attend({ userId, deviceId, kind: 'poll', claim: claim.value });
    try {
      await this.#merged(poll, wanted, attendance);
    } finally {
      attendance.ended(poll.gone.aborted ? 'abandoned' : 'answered');
    }
    return 'answered';
  }

  async #wanted(request: FastifyRequest, { userId }: UserCaller): Promise<Wanted | undefined> {
    const parameter = parameterOf(request.query as Query, 'filter');
    if (parameter === undefined || parameter === '') return EVERYTHING;
    return this.options.filters.wanted({ userId, parameter, headers: headersWithToken(request) });
  }

  async #merged(poll: Poll, wanted: Wanted, attendance: Attendance): Promise<void> {
    const { gateway } = this.options;
    const { since, caller } = poll;
    const whole = since.theirs === undefined || (poll.request.query as Query)['full_state'] === 'true';
    const side = PresenceSide.of(gateway, { userId: caller.userId, wanted, since: since.ours, whole });
    const upstream = this.polls.begin(this.#question(poll));
    const over = new AbortController();
    const end = (): void => {
      over.abort(OVER);
    };
    poll.gone.addEventListener('abort', end, { once: true });
    try {
      const opened = side.openAfter(attendance.announced, over.signal);
      const first = await this.#first({ poll, upstream, side, opened, over: over.signal });
      if (first === 'gone') upstream.end();
      else if (first === 'ours') await this.#presenceAlone(poll, upstream, side);
      else {
        await Promise.race([opened, sleep(OPENING_MS, undefined, { ref: false })]);
        await this.#send(poll, first, side);
      }
    } finally {
      end();
    }
  }

  /** Whoever has something to tell first: the homeserver's answer, us, or a client that has gone. */
  async #first(race: Race): Promise<IncomingMessage | 'ours' | 'gone'> {
    const { poll, upstream, side, opened, over } = race;
    const { gateway } = this.options;
    if (poll.since.theirs === undefined || poll.timeoutMs === 0) return upstream.answer;
    // An answer of ours alone needs what the homeserver said last; without it, the homeserver's own time is the poll's.
    const slackMs = this.#keyCounts.of(poll.device, poll.since.theirs) === undefined ? UPSTREAM_SLACK_MS : 0;
    const place = gateway.waiting.enter(poll.caller.userId, poll.beganMs + poll.timeoutMs + slackMs);
    if (place === 'full') return upstream.answer;
    const left = whenAborted(over);
    const news = opened.then(() => side.something(over)).then(() => this.#together(poll, upstream));
    try {
      return await Promise.race([
        upstream.answer,
        left.then(() => 'gone' as const),
        news.then(() => 'ours' as const),
        whenAborted(place.signal).then(() => 'ours' as const),
      ]);
    } finally {
      place.leave();
    }
  }

  /** At the beginning of a poll both may have something: a moment puts them into one answer. */
  async #together({ beganMs }: Poll, { answer }: UpstreamPoll): Promise<void> {
    const leftMs = beganMs + TOGETHER_MS - this.options.gateway.options.clock.nowMs();
    if (leftMs > 0)
      await Promise.race([
        sleep(leftMs),
        answer.then(
          () => undefined,
          () => undefined,
        ),
      ]);
  }

  /** The homeserver waits on for the client's next poll; what it must always say is told as it said it last. */
  async #presenceAlone(poll: Poll, upstream: UpstreamPoll, side: PresenceSide): Promise<void> {
    const { theirs = '' } = poll.since;
    const counts = this.#keyCounts.of(poll.device, theirs);
    if (counts === undefined) {
      upstream.end();
      const at = this.#path(poll, 0);
      const headers = headersWithToken(poll.request);
      const answer = await this.options.upstream.ask({ method: 'GET', path: at, headers, signal: poll.gone });
      await this.#send(poll, answer, side);
      return;
    }
    this.polls.keep(poll.device, upstream);
    const told = side.told();
    const members = [`"next_batch":${JSON.stringify(joinTokens(told.token, theirs))}`, counts, presenceMember(told)];
    void poll.reply.send(json(poll.reply, `{${members.filter((member) => member !== '').join(',')}}`));
  }

  /** The homeserver's answer with ours in it, streamed. */
  async #send(poll: Poll, answer: IncomingMessage, side: PresenceSide): Promise<void> {
    const { statusCode = 502, headers } = answer;
    if (statusCode === 401) this.options.refused(poll.caller, tokenOf(poll.request));
    if (statusCode !== 200 || headers['content-encoding'] !== undefined) return relay(answer, poll.reply);
    const told = side.told();
    const splice = new JsonSplice({
      tokenKey: 'next_batch',
      replaceToken: (theirs) => joinTokens(told.token, theirs),
      dropKey: 'presence',
      captureKeys: KEY_COUNT_MEMBERS,
      front: presenceMember(told),
    });
    poll.reply.hijack();
    const { raw } = poll.reply;
    raw.writeHead(200, answerHeaders(answer, ['content-length']));
    const isWhole = await streamed(answer, splice, raw);
    if (isWhole && splice.token !== undefined)
      this.#keyCounts.remember(poll.device, { theirs: splice.token, members: splice.captured });
    return undefined;
  }

  #question(poll: Poll): PollQuestion {
    const { theirs } = poll.since;
    const isKnown = theirs !== undefined && this.#keyCounts.of(poll.device, theirs) !== undefined;
    const timeoutMs =
      isKnown && poll.timeoutMs > 0 ? Math.max(poll.timeoutMs, this.options.upstreamPollMs) : poll.timeoutMs;
    const { device } = poll;
    // A poll that does not wait is answered now, and by nothing older.
    const sameness = `${poll.timeoutMs > 0 ? 'waits' : 'asks'} ${this.#path(poll, 0)} ${tokenOf(poll.request)}`;
    return { device, path: this.#path(poll, timeoutMs), headers: headersWithToken(poll.request), sameness, timeoutMs };
  }

  /** The client's question with the homeserver's token, and without a claim: whoever polls here is our business. */
  #path({ request, since }: Poll, timeoutMs: number): string {
    const [path = '', query = ''] = (request.raw.url ?? '').split('?', 2);
    const kept = query
      .split('&')
      .filter((part) => part !== '' && !/^(since|timeout|set_presence|access_token)=/.test(part));
    const token = since.theirs === undefined ? [] : [`since=${encodeURIComponent(since.theirs)}`];
    return `${path}?${[...kept, ...token, `timeout=${String(timeoutMs)}`, 'set_presence=offline'].join('&')}`;
  }
}

/** A client's headers for a question of ours: no body, nothing packed, and its token where homeservers look first. */
export function headersWithToken(request: FastifyRequest): string[] {
  const kept = headersOf(request, ['accept-encoding', 'content-length', 'content-type', 'authorization']);
  return [...kept, 'Authorization', `Bearer ${tokenOf(request)}`, 'Accept-Encoding', 'identity'];
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return whenCalled(() => () => undefined, signal);
}

function presenceMember({ texts }: Told): string {
  return texts.length === 0 ? '' : `"presence":{"events":[${texts.join(',')}]}`;
}

/** Whether the whole body went out. */
export async function streamed(
  answer: IncomingMessage,
  splice: JsonSplice,
  raw: FastifyReply['raw'],
): Promise<boolean> {
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      let isFull = false;
      for (const part of splice.push(chunk)) isFull = !raw.write(part) || isFull;
      if (isFull) await drained(raw);
      if (raw.destroyed) {
        answer.destroy();
        return false;
      }
    }
    raw.end();
    return true;
  } catch {
    // The homeserver left in the middle: the client must not take what it has for the whole.
    raw.destroy();
    return false;
  }
}

function drained(raw: FastifyReply['raw']): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      raw.off('drain', done);
      raw.off('close', done);
      resolve();
    };
    raw.on('drain', done);
    raw.on('close', done);
  });
}
