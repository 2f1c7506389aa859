// Starts and stops the simulated town. Invariant: there is at most one, and none where development tokens are not accepted: what
// it writes is made up, and must never stand in a log that means something.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parseJsonObject } from '#libs/matrix';
import { json } from '../../doors/presence-door.js';
import type { Gateway } from '../../gateway.js';
import { bodyText, originOf } from '../../http/request-reading.js';
import { refuse, taken } from '../../http/refused-request.js';
import type { WhoAsks } from '../../http/who-asks.js';
import { LOCAL, takesDevelopmentTokens } from '../development.js';
import { TOWN_BOUNDS, Town, type TownBounds } from './town.js';

export interface TownTold {
  readonly state: 'awake' | 'asleep';
  readonly people?: number;
  readonly seed?: number;
  readonly until_ts?: number;
}

export const TOWN_SEED = 7;

export class TownHall {
  #town: Town | undefined;

  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
    private readonly bounds: TownBounds = TOWN_BOUNDS,
  ) {}

  register(fastify: FastifyInstance): void {
    fastify.post('/_rollcall/v1/town', (request, reply) => this.#take(request, reply));
  }

  told(): TownTold {
    const town = this.#town;
    if (town === undefined) return { state: 'asleep' };
    return { state: 'awake', people: town.people, seed: town.seed, until_ts: town.untilMs };
  }

  /** For a process that is told to (`--demo`). */
  async wakeByItself(): Promise<'awake' | 'refused'> {
    if (!(await takesDevelopmentTokens(this.gateway.options.authentication, LOCAL))) return 'refused';
    await this.#wake(TOWN_SEED);
    return 'awake';
  }

  sleep(): void {
    this.#town?.end();
  }

  async #take(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    await this.whoAsks.admin(request);
    if (!(await takesDevelopmentTokens(this.gateway.options.authentication, originOf(request)))) {
      refuse('M_FORBIDDEN', 'A simulated town exists only where development tokens are accepted');
    }
    const { state, seed = TOWN_SEED } = taken(parseJsonObject(bodyText(request)));
    if (typeof seed !== 'number' || !Number.isSafeInteger(seed))
      refuse('M_INVALID_PARAM', '"seed" must be a whole number');
    if (state === 'awake') await this.#wake(seed);
    else if (state === 'asleep') this.sleep();
    else refuse('M_INVALID_PARAM', '"state" must be awake or asleep');
    return json(reply, JSON.stringify(this.told()));
  }

  async #wake(seed: number): Promise<void> {
    if (this.#town !== undefined) return;
    const { journal } = this.gateway.options;
    const town = new Town(this.gateway, seed, this.bounds, (error) => {
      if (this.#town === town) this.#town = undefined;
      if (error === undefined) journal.info('the simulated town is asleep');
      else journal.warn('the simulated town ended, because it could not write', { error });
    });
    this.#town = town;
    try {
      await town.wake();
    } catch (error) {
      town.end(error);
      throw error;
    }
    journal.info(`the simulated town is awake: ${String(town.people)} people, seed ${String(seed)}`);
  }
}
