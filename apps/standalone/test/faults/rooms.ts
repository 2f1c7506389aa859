// Rooms whose members come and go, from a seed. Invariant: one record at a time, each again until it is acknowledged, so that
// in the end it is known who is where; half of those who leave do so by a tombstone.
import { encodeMembership, encodeRoomPolicy, membershipKey, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { Draw } from '#libs/testing';

const ROOMS = 10;
const EVERY_MS = 150;

export class Rooms {
  readonly #draw: Draw;
  readonly #joined = new Set<string>();
  readonly #rooms = Array.from({ length: ROOMS }, (_, index) => `!room${index}:hs`);
  #running: Promise<void> | undefined;
  #stopping = false;

  constructor(
    private readonly log: Pick<EventLog, 'append'>,
    private readonly topics: TopicNames,
    private readonly users: readonly string[],
    seed: number,
  ) {
    this.#draw = new Draw(seed);
  }

  /** Everybody is in two rooms; the first room withholds. */
  async fill(): Promise<void> {
    const value = encodeRoomPolicy({ roomId: this.#rooms[0]!, presence: 'withhold' });
    await this.log.append(this.topics.rooms, [{ key: this.#rooms[0]!, value }]);
    for (const userId of this.users) for (let room = 0; room < 2; room += 1) await this.toggle(userId);
  }

  start(): void {
    this.#stopping = false;
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    this.#running = undefined;
  }

  /** Joins a room, or leaves it again. */
  async toggle(userId = this.#draw.of(this.users)): Promise<void> {
    const roomId = this.#draw.of(this.#rooms);
    const key = membershipKey(roomId, userId);
    const joins = !this.#joined.has(key);
    if (joins) this.#joined.add(key);
    else this.#joined.delete(key);
    const membership = joins ? 'join' : 'leave';
    const value = joins || this.#draw.chance(0.5) ? encodeMembership({ roomId, userId, membership }) : null;
    await this.#insist(() => this.log.append(this.topics.memberships, [{ key, value }]));
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await this.toggle();
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  async #insist(append: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await append();
        return;
      } catch {
        // The brokers are away; the same record once more changes nothing.
      }
    }
  }
}
