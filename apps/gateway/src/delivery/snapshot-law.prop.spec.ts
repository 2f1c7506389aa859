// The law of snapshots and tokens: whichever reader of whichever gateway lags, and through whichever gateways a client polls,
// what it was told of everybody with whom it shares a room is, in the end, the truth. A naive fan-out writes the frames; the
// choices of who moves next are the random input.
import fc from 'fast-check';
import { SimulatedClock } from '#libs/testing';
import type { EventLog } from '#libs/event-log';
import type { View } from '#libs/presence';
import {
  HandWritten,
  OFFLINE,
  ONLINE,
  StillGateway,
  TOPICS,
  UNAVAILABLE,
  handWrittenLog,
  type Told,
} from '../testing/hand-written.js';
import { EVERYTHING } from './feed.js';
import type { SinceToken } from './since-token.js';

const SENDERS = ['@s1:hs', '@s2:hs', '@s3:hs'];
const RECIPIENTS = ['@r1:hs', '@r2:hs'];
const VIEWS = [ONLINE, UNAVAILABLE, OFFLINE];

/** Joins and changes as the topics have them, and how far the naive fan-out has come in each. */
class NaiveFanout {
  readonly table = new Map<string, Set<string>>();
  readonly known = new Map<string, Told>();
  readonly #changes: Told[] = [];
  readonly #joins: { readonly room: string; readonly user: string }[] = [];
  #nextChange = 0;
  #nextJoin = 0;
  readonly #memberships = [0, 0];

  constructor(
    private readonly hand: HandWritten,
    private readonly log: EventLog,
  ) {}

  changed(told: Told): void {
    this.#changes.push(told);
  }

  joined(room: string, user: string): void {
    this.#joins.push({ room, user });
  }

  get behind(): boolean {
    return this.#nextChange < this.#changes.length || this.#nextJoin < this.#joins.length;
  }

  async takeChange(): Promise<void> {
    const told = this.#changes[this.#nextChange];
    if (told === undefined) return;
    this.#nextChange += 1;
    this.#know(told);
    await this.hand.frame(told, [...this.#interestedIn(told.userId)], this.#memberships);
  }

  /** The effects of a join: who joins is told of the members, and they of who joins; plain offline is not worth telling. */
  async takeJoin(): Promise<void> {
    const join = this.#joins[this.#nextJoin];
    if (join === undefined) return;
    this.#nextJoin += 1;
    const before = this.#interestedIn(join.user);
    this.table.set(join.room, new Set([...(this.table.get(join.room) ?? []), join.user]));
    this.#memberships[this.log.partitionOf(`${join.room}|${join.user}`, 2)]! += 1;
    // States may be ahead of the changes taken: the newer of both is told.
    for (const told of this.#changes)
      if (told.version > (this.known.get(told.userId)?.version ?? 0)) this.known.set(told.userId, told);
    for (const other of this.#interestedIn(join.user)) {
      if (before.has(other)) continue;
      await this.#tell(other, join.user);
      await this.#tell(join.user, other);
    }
  }

  #know(told: Told): void {
    if (told.version > (this.known.get(told.userId)?.version ?? 0)) this.known.set(told.userId, told);
  }

  async #tell(sender: string, recipient: string): Promise<void> {
    const told = this.known.get(sender);
    if (told !== undefined && told.view.presence !== 'offline')
      await this.hand.frame(told, [recipient], this.#memberships);
  }

  #interestedIn(user: string): Set<string> {
    const found = new Set([user]);
    for (const members of this.table.values()) if (members.has(user)) for (const member of members) found.add(member);
    return found;
  }
}

class Client {
  readonly picture = new Map<string, string>();
  token: SinceToken | undefined;

  constructor(readonly userId: string) {}

  async poll({ gateway }: StillGateway, fresh: boolean): Promise<'lost' | 'told'> {
    const { news } = gateway;
    if (this.token === undefined || fresh) {
      // Who polls without a token begins with nothing: of whom it is told nothing, it shows offline.
      this.picture.clear();
      this.#take(news.snapshot(this.userId, EVERYTHING));
      return 'told';
    }
    const feed = await news.follow(this.userId, this.token);
    if (feed === 'ahead') return 'told';
    if (feed === 'lost') {
      this.#take(news.fallback(this.userId, EVERYTHING, this.token));
      return 'lost';
    }
    this.#note(feed.take(EVERYTHING));
    this.token = feed.sinceToken;
    return 'told';
  }

  #take({ texts, token }: { readonly texts: readonly string[]; readonly token: SinceToken }): void {
    this.#note(texts);
    this.token = token;
  }

  #note(texts: readonly string[]): void {
    for (const text of texts) {
      const { sender, content } = JSON.parse(text) as { sender: string; content: { presence: string } };
      this.picture.set(sender, content.presence);
    }
  }
}

class World {
  readonly truth = new Map<string, Told>();
  lost = 0;

  private constructor(
    readonly clock: SimulatedClock,
    readonly hand: HandWritten,
    readonly fanout: NaiveFanout,
    readonly gateways: readonly StillGateway[],
  ) {}

  readonly clients = RECIPIENTS.map((userId) => new Client(userId));

  static async open(bounds: object): Promise<World> {
    const clock = new SimulatedClock(1_000_000_000);
    const log = await handWrittenLog(clock);
    const hand = new HandWritten(log);
    const gateways = [
      await StillGateway.open(log, clock, 'g1', bounds),
      await StillGateway.open(log, clock, 'g2', bounds),
    ];
    return new World(clock, hand, new NaiveFanout(hand, log), gateways);
  }

  async step(choice: number): Promise<void> {
    const pick = <T>(list: readonly T[], by: number): T => list[Math.floor(choice / by) % list.length] as T;
    switch (choice % 8) {
      case 0:
        return this.#change(pick([...SENDERS, ...RECIPIENTS], 8), pick(VIEWS, 40));
      case 1:
        return this.#join(pick(['!a:hs', '!b:hs'], 8), pick([...SENDERS, ...RECIPIENTS], 16));
      case 2:
        return this.fanout.takeChange();
      case 3:
        return this.fanout.takeJoin();
      case 4:
        // The margins of a minute (the fallback's, and the look for unseen goodbyes) are for a fan-out and states that lag by less.
        await this.#fanOutAll();
        for (const gateway of this.gateways) await gateway.readAll(TOPICS.states);
        this.clock.advanceTo(this.clock.nowMs() + (Math.floor(choice / 8) % 100) * 1_000);
        return;
      case 5:
      case 6:
        return pick(this.gateways, 8).read(
          pick([TOPICS.states, TOPICS.memberships, TOPICS.deliveries], 16),
          pick([0, 1], 48),
          pick([1, 5], 96),
        );
      default:
        if (
          (await pick(this.clients, 8).poll(pick(this.gateways, 16), pick([true, false, false, false], 32))) === 'lost'
        )
          this.lost += 1;
    }
  }

  async #change(userId: string, view: View): Promise<void> {
    const told = { userId, view, version: (this.truth.get(userId)?.version ?? 0) + 1, changedAtMs: this.clock.nowMs() };
    this.truth.set(userId, told);
    await this.hand.state(told);
    this.fanout.changed(told);
  }

  async #join(room: string, userId: string): Promise<void> {
    await this.hand.member(room, userId);
    this.fanout.joined(room, userId);
  }

  /** Everything is taken and read, and every client polls once more. */
  async settle(): Promise<void> {
    await this.#fanOutAll();
    for (const gateway of this.gateways) await gateway.readAll();
    // Long enough for the look for unseen goodbyes, and for clients that polled long ago.
    this.clock.advanceTo(this.clock.nowMs() + 10_000);
    for (const client of this.clients) await client.poll(this.gateways[0] as StillGateway, false);
  }

  async #fanOutAll(): Promise<void> {
    while (this.fanout.behind) {
      await this.fanout.takeJoin();
      await this.fanout.takeChange();
    }
  }

  falsePictures(): string[] {
    const wrong: string[] = [];
    for (const { userId, picture } of this.clients) {
      for (const other of this.gateways[0]?.gateway.memberships.interestedIn(userId) ?? []) {
        const [seen, isSo] = [picture.get(other) ?? 'offline', this.truth.get(other)?.view.presence ?? 'offline'];
        if (seen !== isSo) wrong.push(`${userId} sees ${other} ${seen}, who is ${isSo}`);
      }
    }
    return wrong;
  }
}

const choices = fc.array(fc.nat(8 * 8 * 8 * 8 * 8), { minLength: 40, maxLength: 150 });

/** Found by this law: a snapshot of memberships that the fan-out had not taken, of a state that was no longer so. */
const UNSEEN_GOODBYE = [616, 21_936, 8_833, 27_329, 18_338, 1_029, 3_109, 30_549, 19_943];

describe('what a client was told in the end', () => {
  it('is the truth, whichever reader lagged and whichever gateway was asked', async () => {
    await fc.assert(
      fc.asyncProperty(choices, async (steps) => {
        const world = await World.open({});
        for (const choice of steps) await world.step(choice);
        await world.settle();
        expect(world.falsePictures()).toEqual([]);
      }),
      { numRuns: 60, examples: [[UNSEEN_GOODBYE]] },
    );
  });

  it('is the truth also when memory and log hold so little that tokens cannot be followed', async () => {
    let lost = 0;
    await fc.assert(
      fc.asyncProperty(choices, async (steps) => {
        const world = await World.open({ maxRecentRecipients: 2, maxReplayFrames: 1, maxSendersAtOnce: 2 });
        for (const choice of steps) await world.step(choice);
        await world.settle();
        lost += world.lost;
        expect(world.falsePictures()).toEqual([]);
      }),
      { numRuns: 60 },
    );
    expect(lost).toBeGreaterThan(0);
  });

  it('is seen to be false by this very measure when a frame is withheld', async () => {
    const world = await World.open({});
    const [told] = [{ userId: '@s1:hs', view: ONLINE, version: 1, changedAtMs: 0 }];
    await world.hand.member('!a:hs', '@s1:hs');
    await world.hand.member('!a:hs', '@r1:hs');
    for (const gateway of world.gateways) await gateway.readAll();
    for (const client of world.clients) await client.poll(world.gateways[0] as StillGateway, true);
    world.truth.set('@s1:hs', told);
    await world.settle();
    expect(world.falsePictures()).toEqual(['@r1:hs sees @s1:hs offline, who is online']);
  });
});
