// Everything of the page in one piece: its files, what it asks, its stream and its town, hung on a gateway. Invariant: it costs
// nothing while nobody looks.
import type { FastifyInstance } from 'fastify';
import type { Gateway } from '../gateway.js';
import type { WhoAsks } from '../http/who-asks.js';
import { LookingBack } from './looking-back.js';
import { MovesDoor } from './moves-door.js';
import { PageDoor } from './page-door.js';
import { TownHall } from './town/town-hall.js';
import { WatchDoors } from './watch-doors.js';

const LOOK_MS = 50;

export class PageDoors {
  readonly town: TownHall;
  readonly #lookingBack: LookingBack;
  #cancelLook = (): void => undefined;

  constructor(
    private readonly gateway: Gateway,
    private readonly whoAsks: WhoAsks,
  ) {
    this.town = new TownHall(gateway, whoAsks);
    this.#lookingBack = new LookingBack(gateway);
  }

  register(fastify: FastifyInstance): void {
    const { gateway, whoAsks, town } = this;
    const doors = [
      new PageDoor(),
      new WatchDoors(gateway, whoAsks, this.#lookingBack, town),
      new MovesDoor(gateway, whoAsks, this.#lookingBack),
      town,
    ];
    for (const door of doors) door.register(fastify);
  }

  /** Wakes the town as soon as the gateway is ready. */
  demonstrate(): void {
    const { clock, journal } = this.gateway.options;
    const look = (): void => {
      this.#cancelLook = clock.wakeAt(clock.nowMs() + LOOK_MS, () => {
        if (this.gateway.complaint() !== undefined) {
          look();
          return;
        }
        this.town.wakeByItself().then(
          (outcome) => {
            if (outcome === 'refused') journal.warn('no town is simulated: development tokens are not accepted here');
          },
          (error: unknown) => {
            journal.warn('the town could not be woken', { error });
          },
        );
      });
    };
    look();
  }

  /** Before the sessions end. */
  release(): void {
    this.#cancelLook();
    this.town.sleep();
  }

  stop(): Promise<void> {
    return this.#lookingBack.stop();
  }
}
