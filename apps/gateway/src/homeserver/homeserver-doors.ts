// Which requests are ours and which the homeserver's, when the gateway stands in front of one. Invariant: presence is answered
// here; /sync is answered together; everything else of Matrix goes through as it came, before anything of it is read.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { UNSTABLE_BUSY_FEATURE, isJsonObject, parseJsonObject } from '#libs/matrix';
import { CannotCheckError, type Verdict } from '../authentication/caller.js';
import type { Filters } from '../filters.js';
import type { Gateway } from '../gateway.js';
import { json } from '../doors/presence-door.js';
import { originOf, tokenOf } from '../http/request-reading.js';
import { HomeserverFilters } from './homeserver-filters.js';
import type { UserCaller } from '../http/who-asks.js';
import { Proxy, relay } from './proxy.js';
import { SLIDING_SYNC, SlidingSync } from './sliding-sync.js';
import { SyncBehind, headersWithToken } from './sync-behind.js';
import { Upstream, headersOf } from './upstream.js';

export interface HomeserverOptions {
  readonly url: string;
  readonly upstreamPollMs: number;
  /** Presence as an extension of sliding sync. */
  readonly slidingSyncPresence: boolean;
}

const THEIRS = /^\/(_matrix|_synapse|\.well-known\/matrix)(\/|$)/;
const OURS = /^\/_matrix\/(client\/((v3|r0)\/(presence\/|sync\/?$))|app\/)/;
const LOGOUT = /^\/_matrix\/client\/(v3|r0)\/logout(\/all)?\/?(\?|$)/;
const VERSIONS = /^\/_matrix\/client\/versions(\?|$)/;
const MAX_VERSIONS_BYTES = 256 * 1024;

export class HomeserverDoors {
  readonly #upstream: Upstream;
  readonly #proxy: Proxy;
  readonly #sync: SyncBehind;
  readonly #slidingSync: SlidingSync;
  readonly #refused: (caller: UserCaller, token: string) => void;

  constructor(
    private readonly gateway: Gateway,
    filters: Filters,
    options: HomeserverOptions,
  ) {
    this.#upstream = new Upstream(options.url);
    this.#proxy = new Proxy(this.#upstream);
    const { authentication } = gateway.options;
    const refused = ({ userId, deviceId }: UserCaller, token: string): void => {
      authentication.forget?.(token);
      gateway.sessions.depart(userId, deviceId);
    };
    this.#refused = refused;
    const { slidingSyncPresence: isPresenceTold } = options;
    this.#slidingSync = new SlidingSync({
      gateway,
      upstream: this.#upstream,
      proxy: this.#proxy,
      isPresenceTold,
      refused,
    });
    this.#sync = new SyncBehind({
      gateway,
      upstream: this.#upstream,
      filters: new HomeserverFilters(this.#upstream, filters),
      upstreamPollMs: options.upstreamPollMs,
      refused,
    });
  }

  /** Before any other door: what is not ours is never read here. */
  register(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      if (isOurs(request)) done();
      else this.#answerTheirs(request, reply).catch(done);
    });
    for (const version of ['v3', 'r0'])
      fastify.get(`/_matrix/client/${version}/sync`, (request, reply) => this.#answerSync(request, reply));
  }

  close(): void {
    this.#sync.polls.endAll();
    this.#upstream.close();
  }

  async #answerTheirs(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (request.method === 'POST' && SLIDING_SYNC.test(request.raw.url ?? '')) {
      await this.#answerSlidingSync(request, reply);
      return;
    }
    const isVersions = request.method === 'GET' && VERSIONS.test(request.raw.url ?? '');
    if (isVersions) await this.#answerVersions(request, reply);
    else if (request.method === 'POST' && LOGOUT.test(request.raw.url ?? '')) await this.#answerLogout(request, reply);
    else await this.#proxy.forward(request, reply);
  }

  /** A device that has logged out is gone now, and nothing that is remembered of its token is true any more. */
  async #answerLogout(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const status = await this.#proxy.forward(request, reply);
    const known = status === 200 ? await this.#verdict(request) : undefined;
    if (known?.kind === 'user') this.#refused(known, tokenOf(request));
  }

  async #answerSync(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const verdict = await this.#verdict(request);
    const isAnswered = verdict?.kind === 'user' ? await this.#sync.answer(request, reply, verdict) : undefined;
    // Whatever is wrong with it, the homeserver's own words are the ones that clients understand.
    if (isAnswered === undefined) await this.#proxy.forward(request, reply);
    return reply;
  }

  async #answerSlidingSync(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const verdict = await this.#verdict(request);
    if (verdict?.kind === 'user') await this.#slidingSync.answer(request, reply, verdict);
    else await this.#proxy.forward(request, reply);
  }

  async #verdict(request: FastifyRequest): Promise<Verdict | undefined> {
    const { authorization } = request.headers;
    if (authorization === undefined && !/[?&]access_token=/.test(request.raw.url ?? '')) return undefined;
    try {
      return await this.gateway.options.authentication.check(tokenOf(request), originOf(request));
    } catch (error) {
      if (!(error instanceof CannotCheckError)) throw error;
      return undefined;
    }
  }

  /** The homeserver's, and how `busy` is shown. */
  async #answerVersions(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const headers = request.headers.authorization === undefined ? plainHeaders(request) : headersWithToken(request);
    const answer = await this.#upstream.ask({ method: 'GET', path: request.raw.url ?? '', headers });
    if (answer.statusCode !== 200 || answer.headers['content-encoding'] !== undefined) {
      await relay(answer, reply);
      return;
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_VERSIONS_BYTES) break;
      chunks.push(chunk);
    }
    const read = parseJsonObject(Buffer.concat(chunks).toString('utf8'));
    const { unstable_features: features } = read.ok ? read.value : {};
    const ours = { [UNSTABLE_BUSY_FEATURE]: this.gateway.options.busyName === 'unstable' };
    const shown = {
      ...(read.ok ? read.value : {}),
      unstable_features: { ...(isJsonObject(features) ? features : {}), ...ours },
    };
    void reply.send(json(reply, JSON.stringify(shown)));
  }
}

export function isOurs({ raw: { url = '/' } }: FastifyRequest): boolean {
  const path = url.split('?', 1)[0] ?? '/';
  return !THEIRS.test(path) || OURS.test(path);
}

function plainHeaders(request: FastifyRequest): string[] {
  return [...headersOf(request, ['accept-encoding', 'content-length']), 'Accept-Encoding', 'identity'];
}
