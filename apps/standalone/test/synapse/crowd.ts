// People who live at a homeserver from one seed: they write, type, read, join and leave, and their owner invites, kicks, bans and
// changes join rules. Invariant: what was refused or not answered is counted and tried no more, except for what a test says must
// be; every choice is the seed's, so only the order in which answers come differs between two runs.
import { Draw } from '#libs/testing';
import { roomPath, type Person } from './person.js';

const PAUSE_MS = 400;
const PAUSES_MS = 2_600;

export interface CrowdOptions {
  readonly seed: number;
  /** Made every room and may do everything in it; never leaves. */
  readonly owner: Person;
  readonly people: readonly Person[];
  /** In which people come and go. */
  readonly rooms: readonly string[];
  /** In which everybody always is. */
  readonly square: string;
}

interface Doing {
  readonly name: string;
  readonly share: number;
  /** Where it may be tried with some hope; none = not now. */
  readonly rooms: (one: Person) => readonly string[];
  readonly act: (one: Person, room: string, draw: Draw) => Promise<unknown>;
}

export class Crowd {
  /** What was done, by name. */
  readonly done = new Map<string, number>();
  /** Answered with a refusal: a ban, no invitation, nothing to take back. */
  refused = 0;
  /** Not answered, or by 5xx: somebody was away. */
  unanswered = 0;
  /** 401, which nobody may ever see. */
  loggedOut = 0;
  /** Where they believe to be, by user: what they try is mostly possible. */
  readonly #in = new Map<string, Set<string>>();
  readonly #open = new Set<string>();
  readonly #doings: readonly Doing[];
  /** What each is trying now, and since when. */
  readonly #trying = new Map<string, { readonly name: string; readonly sinceMs: number }>();
  #event = '';
  #isOver = false;
  #messages = 0;
  #running: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: CrowdOptions) {
    this.#doings = [...this.#everybodys(), ...this.#owners()];
  }

  get doings(): number {
    return [...this.done.values()].reduce((sum, count) => sum + count, 0);
  }

  /** What is being tried, with the seconds that it has taken. */
  open(): string[] {
    const now = performance.now();
    return [...this.#trying.values()].map(
      ({ name, sinceMs }) => `${name} ${String(Math.round((now - sinceMs) / 1_000))} s`,
    );
  }

  start(): void {
    const { people, seed } = this.options;
    this.#running = Promise.all(people.map((one, index) => this.#live(one, new Draw(seed * 1_000 + index))));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** Tries until it is done, as a person would who sees that it failed. */
  async insist(what: () => Promise<unknown>): Promise<void> {
    while ((await this.#outcome(what)) !== 'done') await pause(PAUSE_MS);
  }

  async #live(one: Person, draw: Draw): Promise<void> {
    while (!this.#isOver) {
      const { name, rooms, act } = this.#choice(draw);
      const places = rooms(one);
      const room = places.length === 0 ? undefined : draw.of(places);
      this.#trying.set(one.userId, { name, sinceMs: performance.now() });
      const outcome = room === undefined ? 'refused' : await this.#outcome(() => act(one, room, draw));
      this.#trying.delete(one.userId);
      if (outcome === 'done') this.done.set(name, (this.done.get(name) ?? 0) + 1);
      else if (outcome === 'refused' && room !== undefined) this.#placesOf(one.userId).delete(room);
      if (room !== undefined) await pause(PAUSE_MS + draw.below(PAUSES_MS));
    }
  }

  #choice(draw: Draw): Doing {
    let left = draw.number();
    return this.#doings.find(({ share }) => (left -= share) < 0) ?? this.#doings[0]!;
  }

  #everybodys(): readonly Doing[] {
    const { square, rooms } = this.options;
    const here = (one: Person): readonly string[] => [square, ...this.#placesOf(one.userId)];
    const elsewhere = (one: Person): readonly string[] => rooms.filter((room) => !this.#placesOf(one.userId).has(room));
    const somewhere = (one: Person): readonly string[] => [...this.#placesOf(one.userId)];
    const encrypted = { algorithm: 'm.megolm.v1.aes-sha2', ciphertext: 'x' };
    return [
      { name: 'say', share: 0.24, rooms: here, act: (one, room) => this.#say(one, room) },
      {
        name: 'encrypted',
        share: 0.06,
        rooms: here,
        act: (one, room) => one.send(room, 'm.room.encrypted', encrypted),
      },
      { name: 'type', share: 0.08, rooms: here, act: (one, room) => one.type(room) },
      { name: 'read', share: 0.06, rooms: () => [square], act: (one) => this.#read(one) },
      {
        name: 'PUT',
        share: 0.12,
        rooms: () => [square],
        act: (one, _room, draw) => one.put(draw.of(MOODS), this.#text()),
      },
      {
        name: 'join',
        share: 0.12,
        rooms: (one) => elsewhere(one).filter((room) => this.#open.has(room)),
        act: (one, room) => this.#join(one, room),
      },
      {
        name: 'leave',
        share: 0.08,
        rooms: somewhere,
        act: async (one, room) => {
          await one.leave(room);
          this.#placesOf(one.userId).delete(room);
        },
      },
    ];
  }

  #owners(): readonly Doing[] {
    const { owner, people, rooms } = this.options;
    const all = (): readonly string[] => rooms;
    const told = (name: string, share: number): Doing => ({
      name,
      share,
      rooms: all,
      act: async (_one, room, draw) => {
        const { userId } = draw.of(people);
        await owner.must('POST', `${roomPath(room)}/${name}`, { user_id: userId });
        this.#placesOf(userId).delete(room);
      },
    });
    const invite = async (_one: Person, room: string, draw: Draw): Promise<void> => {
      const guest = draw.of(people);
      await owner.invite(room, guest);
      if (draw.chance(0.7)) await this.#join(guest, room);
    };
    const rule = async (_one: Person, room: string, draw: Draw): Promise<void> => {
      const word = draw.of(['public', 'invite']);
      await owner.must('PUT', `${roomPath(room)}/state/m.room.join_rules/`, { join_rule: word });
      if (word === 'public') this.#open.add(room);
      else this.#open.delete(room);
    };
    return [
      { name: 'invite', share: 0.12, rooms: all, act: invite },
      { name: 'rule', share: 0.03, rooms: all, act: rule },
      told('kick', 0.04),
      told('ban', 0.03),
      told('unban', 0.02),
    ];
  }

  async #join(one: Person, room: string): Promise<void> {
    await one.join(room);
    this.#placesOf(one.userId).add(room);
  }

  async #say(one: Person, room: string): Promise<void> {
    const id = await one.say(room, this.#text());
    if (room === this.options.square) this.#event = id;
  }

  async #read(one: Person): Promise<void> {
    if (this.#event === '') return;
    const path = `${roomPath(this.options.square)}/receipt/m.read/${encodeURIComponent(this.#event)}`;
    await one.must('POST', path, {});
  }

  #placesOf(userId: string): Set<string> {
    let places = this.#in.get(userId);
    if (places === undefined) this.#in.set(userId, (places = new Set()));
    return places;
  }

  #text(): string {
    this.#messages += 1;
    return `message ${String(this.#messages)}`;
  }

  async #outcome(what: () => Promise<unknown>): Promise<'done' | 'refused' | 'unanswered'> {
    try {
      await what();
      return 'done';
    } catch (error) {
      const status = Number(/answered (\d+)/.exec(String(error))?.[1] ?? 0);
      if (status === 401) this.loggedOut += 1;
      const isRefusal = status >= 400 && status < 500;
      if (isRefusal) this.refused += 1;
      else this.unanswered += 1;
      return isRefusal ? 'refused' : 'unanswered';
    }
  }
}

const MOODS = ['online', 'unavailable', 'offline', 'busy'];

function pause(spanMs: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, spanMs));
}
