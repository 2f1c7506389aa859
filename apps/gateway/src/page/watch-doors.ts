// What the page asks beside its stream: who asks, everybody now or as of a time, counts over time, one user's timeline, and how
// the engine does. Invariant: views of everybody are the administrator's; every answer is bounded, and a time from before
// what is known is refused with a sentence that says from when on it is.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isUserId } from '#libs/matrix';
import type { RecentChanges } from '#libs/views';
import type { Gateway } from '../gateway.js';
import { refuse } from '../http/refused-request.js';
import { originOf, parameterOf, type Query } from '../http/request-reading.js';
import type { WhoAsks } from '../http/who-asks.js';
import { json } from '../doors/presence-door.js';
import type { LookingBack } from './looking-back.js';
import { moveTold } from './move-text.js';
import { positionText } from './moves-door.js';
import { Overview } from './overview.js';
import { Pulse } from './pulse.js';
import { DEVELOPMENT_ADMIN, takesDevelopmentTokens } from './development.js';
import type { TownHall } from './town/town-hall.js';

const MAX_PEOPLE = 5_000;
const MAX_POINTS = 1_000;
const MAX_MOVES = 500;
const MAX_LATEST = 60;
const NO_STORE = { 'cache-control': 'no-store' };

export class WatchDoors {
  readonly #overview: Overview;
  readonly #pulse: Pulse;

  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
    private readonly lookingBack: LookingBack,
    private readonly town: TownHall,
  ) {
    this.#overview = new Overview(gateway);
    this.#pulse = new Pulse(gateway);
  }

  register(fastify: FastifyInstance): void {
    fastify.get('/_rollcall/v1/welcome', (request, reply) => this.#welcome(request, reply));
    const admins = {
      overview: this.#tellOverview.bind(this),
      history: this.#tellHistory.bind(this),
      timeline: this.#tellTimeline.bind(this),
      pulse: this.#tellPulse.bind(this),
    };
    for (const [name, tell] of Object.entries(admins)) {
      fastify.get(`/_rollcall/v1/${name}`, async (request, reply) => {
        await this.whoAsks.admin(request);
        void reply.headers(NO_STORE);
        return json(reply, JSON.stringify(await tell(request.query as Query)));
      });
    }
  }

  /** Who asks, and whether the page may sign in by itself. The only door here that needs no token. */
  async #welcome(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    void reply.headers(NO_STORE);
    const hasToken = request.headers.authorization !== undefined;
    const caller = hasToken ? await this.whoAsks.caller(request) : undefined;
    const development = await takesDevelopmentTokens(this.gateway.options.authentication, originOf(request));
    return json(
      reply,
      JSON.stringify({
        ...(development ? { development_token: DEVELOPMENT_ADMIN } : {}),
        ...(caller === undefined ? {} : { caller: caller.kind === 'admin' ? 'administrator' : caller.userId }),
      }),
    );
  }

  async #tellOverview(query: Query): Promise<object> {
    const index = await this.lookingBack.index();
    const position = positionText(index);
    const atMs = timeOf(query, 'at');
    if (atMs !== undefined) this.#refuseUncovered(index.changes, atMs);
    const roomId = parameterOf(query, 'room');
    const told = await this.#overview.tell(index.changes, {
      ...(atMs === undefined ? {} : { atMs }),
      ...(roomId === undefined ? {} : { roomId }),
      search: parameterOf(query, 'search') ?? '',
      limit: numberOf(query, 'limit', MAX_PEOPLE),
    });
    const moves = index.changes.movesUntil(atMs ?? Infinity, MAX_LATEST).map(moveTold);
    return { position, ...told, moves };
  }

  async #tellHistory(query: Query): Promise<object> {
    const { changes } = await this.lookingBack.index();
    const nowMs = this.gateway.options.clock.nowMs();
    const toMs = Math.min(nowMs, timeOf(query, 'to') ?? nowMs);
    const points = numberOf(query, 'points', MAX_POINTS);
    const fromMs = timeOf(query, 'from') ?? toMs - points * 1_000;
    if (fromMs > toMs) refuse('M_INVALID_PARAM', '"from" lies after "to"');
    const stepMs = Math.max(1, Math.ceil((toMs - fromMs) / Math.max(1, points - 1)));
    const series = changes.series(this.#overview.counts(), { fromMs, stepMs, points });
    return { from_ts: fromMs, step_ms: stepMs, covered_from_ts: finite(changes.coveredFromMs), ...series };
  }

  async #tellTimeline(query: Query): Promise<object> {
    const { changes } = await this.lookingBack.index();
    const userId = parameterOf(query, 'user') ?? refuse('M_MISSING_PARAM', 'Whose timeline: "user" is missing');
    if (!isUserId(userId)) refuse('M_INVALID_PARAM', '"user" is no user id');
    const row = this.gateway.states.numbering.find(userId);
    const limit = numberOf(query, 'limit', MAX_MOVES);
    const moves = row === undefined ? [] : changes.timeline(row, limit + 1);
    return {
      user_id: userId,
      moves: moves.slice(0, limit).map(moveTold),
      truncated: moves.length > limit,
      covered_from_ts: finite(changes.coveredFromMs),
    };
  }

  async #tellPulse(): Promise<object> {
    const index = await this.lookingBack.index();
    return { ...(await this.#pulse.tell(index)), counts: this.#overview.counts(), town: this.town.told() };
  }

  #refuseUncovered(changes: RecentChanges, atMs: number): void {
    if (atMs >= changes.coveredFromMs) return;
    const from = finite(changes.coveredFromMs);
    const known = from === undefined ? 'is still being read' : `is known here from ${new Date(from).toISOString()} on`;
    refuse('M_INVALID_PARAM', `What was then ${known}; for earlier times use "rollcall as-of"`);
  }
}

function finite(ms: number): number | undefined {
  return Number.isFinite(ms) ? ms : undefined;
}

function timeOf(query: Query, name: string): number | undefined {
  const value = parameterOf(query, name);
  if (value === undefined) return undefined;
  return /^\d{1,15}$/.test(value)
    ? Number(value)
    : refuse('M_INVALID_PARAM', `"${name}" must be milliseconds since 1970`);
}

function numberOf(query: Query, name: string, most: number): number {
  const value = parameterOf(query, name);
  if (value === undefined) return most;
  if (!/^[1-9]\d{0,9}$/.test(value)) refuse('M_INVALID_PARAM', `"${name}" must be a whole number above 0`);
  return Math.min(most, Number(value));
}
