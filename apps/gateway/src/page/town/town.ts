// A small simulated town: a few dozen people in rooms who come, go, rest and say things, through the same writers and sessions
// as clients. Invariant: bounded in people, in deeds a second and in time; when it ends, everybody's connection has ended, and
// the engine shows them offline after their grace.
import { encodeMembership } from '#libs/contracts';
import type { RoomId, UserId } from '#libs/matrix';
import type { Gateway } from '../../gateway.js';
import type { Attendance } from '../../sessions/sessions.js';
import { Draw } from './draw.js';
import { nextDeed, residentsOf, type Deed, type Resident, type Whereabouts } from './residents.js';

export interface TownBounds {
  readonly people: number;
  /** Between two deeds, milliseconds. */
  readonly paceMs: number;
  /** At its start, until about half of them are there. */
  readonly morningPaceMs: number;
  /** It ends by itself. */
  readonly longestMs: number;
}

export const TOWN_BOUNDS: TownBounds = { people: 48, paceMs: 600, morningPaceMs: 120, longestMs: 3_600_000 };

const DEVICE = 'TOWN';

interface Living {
  readonly resident: Resident;
  at: Whereabouts;
  attendance?: Attendance;
}

export class Town {
  readonly people: number;
  readonly untilMs: number;
  readonly #draw: Draw;
  readonly #living: readonly Living[];
  #cancel = (): void => undefined;
  #ended = false;
  #deeds = 0;

  constructor(
    private readonly gateway: Gateway,
    readonly seed: number,
    private readonly bounds: TownBounds,
    private readonly onEnd: (error?: unknown) => void,
  ) {
    this.#draw = new Draw(seed);
    this.#living = residentsOf(this.#draw, bounds.people).map((resident) => ({ resident, at: 'out' }));
    this.people = this.#living.length;
    this.untilMs = gateway.options.clock.nowMs() + bounds.longestMs;
  }

  /** Resolves when its rooms are durable and visible; then people begin to come. */
  async wake(): Promise<void> {
    const { writer, topics, visibility } = this.gateway;
    const records = this.#living.flatMap(({ resident: { userId, roomIds } }) =>
      roomIds.map((roomId) => ({
        key: `${roomId}|${userId}`,
        value: encodeMembership({ roomId: roomId as RoomId, userId: userId as UserId, membership: 'join' }),
      })),
    );
    await visibility.ofRooms('memberships', await writer.append(topics.memberships, records));
    this.#later();
  }

  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cancel();
    for (const living of this.#living) this.#goes(living);
    this.onEnd(error);
  }

  #later(): void {
    if (this.#ended) return;
    const { clock } = this.gateway.options;
    const isMorning = this.#deeds < this.people / 2;
    const paceMs = isMorning ? this.bounds.morningPaceMs : this.bounds.paceMs;
    this.#cancel = clock.wakeAt(clock.nowMs() + paceMs, () => {
      if (clock.nowMs() >= this.untilMs) {
        this.end();
        return;
      }
      this.#someone(isMorning).then(
        () => {
          this.#later();
        },
        (error: unknown) => {
          this.end(error);
        },
      );
    });
  }

  async #someone(isMorning: boolean): Promise<void> {
    const living = this.#living[this.#draw.below(this.people)];
    this.#deeds += 1;
    if (living === undefined || (isMorning && living.at !== 'out')) return;
    const { deed, then } = nextDeed(this.#draw, living.at);
    living.at = then;
    await this.#does(living, deed);
  }

  async #does(living: Living, deed: Deed): Promise<void> {
    const { userId } = living.resident;
    const { sessions, writer } = this.gateway;
    switch (deed.kind) {
      case 'arrive':
        living.attendance = sessions.attend({ userId, deviceId: DEVICE, kind: 'stream', claim: deed.claim });
        await living.attendance.announced;
        return;
      case 'leave':
        this.#goes(living);
        return;
      case 'act':
        await writer.activity([{ userId, input: { type: 'device.active', deviceId: DEVICE } }]);
        return;
      case 'say': {
        const { presence, statusMsg } = deed;
        const said = statusMsg === undefined ? {} : { statusMsg };
        await writer.command(userId, { type: 'presence.set', deviceId: DEVICE, presence, ...said });
        return;
      }
    }
  }

  #goes(living: Living): void {
    living.attendance?.ended('abandoned');
    delete living.attendance;
  }
}
