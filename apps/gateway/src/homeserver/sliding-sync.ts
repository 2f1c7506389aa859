// Simplified sliding sync (MSC4186) in front of a homeserver: its answer, with `set_presence` taken for our session and, where it is
// switched on, presence as `extensions.presence`. Invariant: every answer is the homeserver's own; when presence has something
// to tell first, the homeserver is asked again for what there is now, from the same position, which loses nothing.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isJsonObject, parseJsonObject, parseSetPresence, type JsonObject } from '#libs/matrix';
import { EVERYTHING } from '../delivery/feed.js';
import type { Gateway } from '../gateway.js';
import { parameterOf, tokenOf, type Query } from '../http/request-reading.js';
import type { UserCaller } from '../http/who-asks.js';
import { joinTokens, splitToken, withoutOurTokens, type CombinedToken } from './combined-token.js';
import { JsonSplice } from './json-splice.js';
import { PresenceSide } from './presence-side.js';
import { goneSignal, relay, type Proxy } from './proxy.js';
import { OPENING_MS, TOGETHER_MS, streamed } from './sync-behind.js';
import { answerHeaders, headersOf, type Upstream } from './upstream.js';

export const SLIDING_SYNC = /^\/_matrix\/client\/(unstable\/org\.matrix\.simplified_msc3575|v4)\/sync\/?(\?|$)/;
/** Lists, subscriptions and extensions; no client asks for more. */
const MAX_BODY_BYTES = 1024 * 1024;

export interface SlidingSyncOptions {
  readonly gateway: Gateway;
  readonly upstream: Upstream;
  readonly proxy: Proxy;
  /** Whether presence is told as an extension, which no specification has yet. */
  readonly isPresenceTold: boolean;
  /** A token that the homeserver refused. */
  readonly refused: (caller: UserCaller, token: string) => void;
}

interface Asked {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly caller: UserCaller;
  readonly body: Buffer;
  readonly pos: CombinedToken;
  readonly gone: AbortSignal;
}

export class SlidingSync {
  constructor(private readonly options: SlidingSyncOptions) {}

  async answer(request: FastifyRequest, reply: FastifyReply, caller: UserCaller): Promise<void> {
    const { gateway, proxy, refused } = this.options;
    const claim = parseSetPresence((request.query as Query)['set_presence']);
    if (!claim.ok) {
      await proxy.forward(request, reply);
      return;
    }
    const gone = goneSignal(reply);
    const { userId, deviceId } = caller;
    const { announced, ended } = gateway.sessions.attend({ userId, deviceId, kind: 'poll', claim: claim.value });
    try {
      const status = await this.#answered({ request, reply, caller, gone }, announced);
      if (status === 401) refused(caller, tokenOf(request));
    } finally {
      ended(gone.aborted ? 'abandoned' : 'answered');
    }
  }

  /** The status that the client got. */
  async #answered(
    { request, reply, caller, gone }: Omit<Asked, 'body' | 'pos'>,
    announced: Parameters<PresenceSide['openAfter']>[0],
  ): Promise<number> {
    const { proxy, isPresenceTold } = this.options;
    const path = pathTo(request);
    if (!isPresenceTold || request.headers['content-encoding'] !== undefined)
      return proxy.forward(request, reply, { path });
    const body = await bodyOf(request);
    if (!asksForPresence(body)) return proxy.forward(request, reply, { path, body });
    const pos = splitToken(parameterOf(request.query as Query, 'pos'));
    return this.#withPresence({ request, reply, caller, body, pos, gone }, announced);
  }

  async #withPresence(asked: Asked, announced: Parameters<PresenceSide['openAfter']>[0]): Promise<number> {
    const { userId } = asked.caller;
    const { pos, gone } = asked;
    const whole = pos.theirs === undefined;
    const side = PresenceSide.of(this.options.gateway, { userId, wanted: EVERYTHING, since: pos.ours, whole });
    const over = new AbortController();
    const end = (): void => {
      over.abort();
    };
    gone.addEventListener('abort', end, { once: true });
    try {
      const opened = side.openAfter(announced, over.signal);
      const answer = await this.#first(asked, { side, opened, over: over.signal });
      await Promise.race([opened, sleep(OPENING_MS, undefined, { ref: false })]);
      return await this.#send(asked, answer, side);
    } finally {
      end();
    }
  }

  /** The homeserver's answer: when it has one, or as soon as we have something to put into it. */
  async #first(
    asked: Asked,
    { side, opened, over }: { readonly side: PresenceSide; readonly opened: Promise<void>; readonly over: AbortSignal },
  ): Promise<IncomingMessage> {
    const waiting = new AbortController();
    const first = this.#ask(asked, pathTo(asked.request), AbortSignal.any([over, waiting.signal]));
    if (asked.pos.theirs === undefined) return first;
    const settled = first.then(
      () => undefined,
      () => undefined,
    );
    const news = opened
      .then(() => side.something(over))
      .then(() => Promise.race([settled, sleep(TOGETHER_MS, undefined, { ref: false })]))
      .then(() => 'ours' as const);
    const winner = await Promise.race([first, news]);
    if (winner !== 'ours' || over.aborted) return first;
    waiting.abort();
    return this.#ask(asked, pathTo(asked.request, 0), over);
  }

  #ask({ request, body }: Asked, path: string, signal: AbortSignal): Promise<IncomingMessage> {
    const kept = headersOf(request, ['accept-encoding', 'content-length', 'transfer-encoding']);
    const headers = [
      ...kept.filter((_word, index) => !isFraming(kept, index)),
      ...['Accept-Encoding', 'identity', 'Content-Length', String(body.length)],
    ];
    return this.options.upstream.ask({ method: 'POST', path, headers, body, signal });
  }

  async #send({ reply }: Asked, answer: IncomingMessage, side: PresenceSide): Promise<number> {
    const { statusCode = 502, headers } = answer;
    if (statusCode !== 200 || headers['content-encoding'] !== undefined) {
      await relay(answer, reply);
      return statusCode;
    }
    const { texts, token } = side.told();
    const splice = new JsonSplice({
      tokenKey: 'pos',
      replaceToken: (theirs) => joinTokens(token, theirs),
      front: texts.length === 0 ? '' : `"presence":{"events":[${texts.join(',')}]}`,
      frontInside: 'extensions',
    });
    reply.hijack();
    reply.raw.writeHead(200, answerHeaders(answer, ['content-length']));
    await streamed(answer, splice, reply.raw);
    return statusCode;
  }
}

/** The client's path for the homeserver: its own tokens, no claim, and its own or another time. */
function pathTo({ raw: { url = '/' } }: FastifyRequest, timeoutMs?: number): string {
  const [path = '', query = ''] = url.split('?', 2);
  const dropped = timeoutMs === undefined ? /^set_presence=/ : /^(set_presence|timeout)=/;
  const kept = withoutOurTokens(query)
    .split('&')
    .filter((part) => part !== '' && !dropped.test(part));
  const time = timeoutMs === undefined ? [] : [`timeout=${String(timeoutMs)}`];
  return `${path}?${[...kept, ...time, 'set_presence=offline'].join('&')}`;
}

/** The framing of a body that has been read is ours to say. */
function isFraming(words: readonly string[], index: number): boolean {
  return words[index - (index % 2)]?.toLowerCase() === 'transfer-encoding';
}

async function bodyOf({ raw }: FastifyRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of raw as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    // What is cut is no JSON: the homeserver refuses it in its own words.
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function asksForPresence(body: Buffer): boolean {
  const read = parseJsonObject(body.toString('utf8'));
  const presence = read.ok ? memberOf(memberOf(read.value, 'extensions'), 'presence') : undefined;
  return presence?.['enabled'] === true;
}

function memberOf(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = object?.[name];
  return isJsonObject(value) ? value : undefined;
}
