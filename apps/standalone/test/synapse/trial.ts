// A homeserver's users through a time in which its parts are killed at random, and what must be true afterwards: memberships in the
// log are the homeserver's own, every device shows what the engine holds, no event was lost or told twice, nobody was logged out.
// Invariant: kills and doings follow from the seed; what is compared is read from the homeserver and from the log.
import type { MembershipWord } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import type { View } from '#libs/presence';
import { Draw, type Synapse } from '#libs/testing';
import { until } from '../program.js';
import { Crowd } from './crowd.js';
import { messagesOf, roomsAt, type RoomAtHomeserver } from './homeserver-words.js';
import { membershipsIn, viewsIn } from './log-words.js';
import { Person } from './person.js';
import type { Imported, Part } from './rollcall-before.js';
import { judgeTimelines } from './timeline-oracle.js';
import { lastThatCounts, type ToldWord, type TransactionWitness } from './transaction-witness.js';

const POLL_MS = 10_000;
const CLAIMS = [{}, { set_presence: 'online' }, { set_presence: 'unavailable' }, { set_presence: 'offline' }];
const FILTER = JSON.stringify({ room: { timeline: { limit: 1_000 } } });
/** What clients may be answered while somebody is away; and what Synapse itself says when a join lost against a rule of its moment. */
const HONEST = /^50[234] |^404 .*No row found \(local_current_membership\)/;

/** Timers that run out while a test looks on; PUBLIC_ROOMS so that join rules matter. */
export const TRIAL_ENVIRONMENT = {
  OFFLINE_AFTER_MS: '3000',
  TOKEN_CACHE_MS: '5000',
  IDLE_AFTER_MS: '4000',
  ACTIVE_FOR_MS: '1500',
  PUBLIC_ROOMS: 'withhold',
  BUSY_NAME: 'stable',
  PUT_PER_SECOND: '100000',
  PUT_BURST: '100000',
};

export interface Rollcall {
  readonly urls: readonly string[];
  readonly registrationFile: string;
  readonly parts: readonly Part[];
  importRooms(adminToken: string): Promise<Imported>;
  read<T>(look: (log: EventLog, prefix: string) => Promise<T>): Promise<T>;
}

export interface TrialOptions {
  readonly synapse: Synapse;
  readonly rollcall: Rollcall;
  /** Where the registration says that the bridge is. */
  readonly witness: TransactionWitness;
  readonly seed: number;
  /** Without the owner. */
  readonly people: number;
  /** In which people come and go. */
  readonly rooms: number;
}

export class Trial {
  readonly killed = new Map<string, number>();
  readonly devices: Person[] = [];
  readonly #draw: Draw;
  readonly #parts: readonly Part[];
  #crowd: Crowd | undefined;
  #owner: Person | undefined;
  #square = '';
  #lastEvent = '';
  #rooms: string[] = [];

  constructor(private readonly options: TrialOptions) {
    const { synapse, rollcall, seed } = options;
    this.#draw = new Draw(seed);
    const files = [rollcall.registrationFile];
    const homeserver = {
      name: 'Synapse',
      kill: (signal: NodeJS.Signals) => synapse.stop(signal),
      start: () => synapse.start(files),
    };
    this.#parts = [homeserver, ...rollcall.parts];
  }

  get owner(): Person {
    if (this.#owner === undefined) throw new Error('nobody lives here yet');
    return this.#owner;
  }

  get crowd(): Crowd {
    if (this.#crowd === undefined) throw new Error('nobody lives here yet');
    return this.#crowd;
  }

  /** Users, rooms, a second device for every third, and their loops. */
  async settle(owner: Person): Promise<void> {
    const { synapse, people, seed, rooms } = this.options;
    this.#owner = owner;
    const names = Array.from({ length: people }, (_, index) => `resident${String(index)}`);
    const residents = await inTurns(names, async (name) => new Person(this.#anyUrl, await synapse.register(name)));
    const seconds = await inTurns(
      names.filter((_name, index) => index % 3 === 0),
      (name) => Person.login(this.#anyUrl, name, 'SECOND'),
    );
    this.#square = await owner.createRoom({ invite: residents.map(({ userId }) => userId) });
    await inTurns(residents, (one) => one.join(this.#square));
    for (let count = 0; count < rooms; count += 1)
      this.#rooms.push(await owner.createRoom({ preset: count % 2 === 0 ? 'public_chat' : 'private_chat' }));
    this.devices.push(owner, ...residents, ...seconds);
    for (const [index, device] of this.devices.entries())
      device.startLoop(POLL_MS, { filter: FILTER, ...CLAIMS[index % CLAIMS.length] });
    this.#crowd = new Crowd({ seed, owner, people: residents, rooms: this.#rooms, square: this.#square });
  }

  /** Life goes on; so often one part is killed and started again, sometimes two at once, and with all there so much is done. */
  async endure(kills: number, doings: number): Promise<void> {
    this.crowd.start();
    await this.#goOn(doings);
    let round: Part[] = [];
    for (let count = 0; count < kills; count += 1) {
      // Each before any of them again.
      if (round.length === 0) round = [...this.#parts];
      const victims = round.splice(this.#draw.below(round.length), 1);
      if (this.#draw.chance(0.2)) victims.push(this.#draw.of(this.#parts));
      await Promise.all([...new Set(victims)].map((part) => this.#killed(part)));
      await this.#goOn(doings);
    }
    await this.crowd.stop();
    // The last that is said of each is known.
    await inTurns(this.#residents, (one) => this.crowd.insist(() => one.put('online', `the end of ${one.userId}`)));
    await this.crowd.insist(async () => (this.#lastEvent = await this.owner.say(this.#square, 'the end')));
  }

  async #goOn(doings: number): Promise<void> {
    const enough = this.crowd.doings + doings;
    try {
      await until('life to go on', () => (this.crowd.doings >= enough ? true : undefined));
    } catch (error) {
      const missing = String(enough - this.crowd.doings);
      const open = this.crowd.open().join(', ');
      throw new Error(`${missing} doings too few; ${this.figures()}; still open: ${open}`, { cause: error });
    }
  }

  async #killed(part: Part): Promise<void> {
    this.killed.set(part.name, (this.killed.get(part.name) ?? 0) + 1);
    await pause(this.#draw.below(1_000));
    await part.kill('SIGKILL');
    await pause(this.#draw.below(1_500));
    await part.start();
  }

  /** Until all that the homeserver still has to hand over was handed over. */
  async handedOver(): Promise<void> {
    const { witness } = this.options;
    await until('the last message to be handed over', () => (witness.events.has(this.#lastEvent) ? true : undefined));
  }

  /** Pairs of room and user of which the log says something else than what was handed over, and answered 200. */
  async promiseFaults(): Promise<string[]> {
    const words = await this.options.rollcall.read(membershipsIn);
    const rooms = await this.#roomsNow();
    const timelineOf = (pair: string): readonly string[] => rooms.get(pair.split(' ', 1)[0] ?? '')?.timeline ?? [];
    return [...this.options.witness.memberships]
      .filter(([pair, told]) => words.get(pair) !== lastThatCounts(told, timelineOf(pair))?.word)
      .map(([pair, told]) => `${pair} is ${String(words.get(pair))}, and was handed over as ${historyOf(told)}`);
  }

  /**
   * Pairs of which the log says something else than the homeserver. It is the homeserver's doing when it never handed over what it
   * says now, or when its state resolution went back to that from a later event, which no application service is told.
   */
  async membershipFaults(): Promise<{ readonly ours: readonly string[]; readonly lostBySynapse: readonly string[] }> {
    const words = await this.options.rollcall.read(membershipsIn);
    const [ours, lostBySynapse]: [string[], string[]] = [[], []];
    const { witness } = this.options;
    for (const [roomId, { members, memberEvents, timeline }] of await this.#roomsNow()) {
      for (const [userId, word] of members) {
        const pair = `${roomId} ${userId}`;
        const said = words.get(pair);
        words.delete(pair);
        if (said === word) continue;
        const now = memberEvents.get(userId) ?? '';
        const told = witness.memberships.get(pair) ?? [];
        const last = lastThatCounts(told, timeline);
        const isOverruled =
          last?.word === said &&
          timeline.includes(now) &&
          timeline.indexOf(last?.eventId ?? '') > timeline.indexOf(now);
        const isOurs = witness.events.has(now) && !isOverruled;
        (isOurs ? ours : lostBySynapse).push(
          `${userId} is ${word} to ${roomId} (${now}, place ${String(timeline.indexOf(now))} of ${String(timeline.length)}), not ${String(said)}, and was handed over as ${historyOf(told)}`,
        );
      }
    }
    // A join that lost against a rule or a ban of the same moment: a member in the eyes of everybody who was told, and then not.
    for (const [pair, word] of words) if (word === 'join') lostBySynapse.push(`${pair} is ${word}, says the log alone`);
    return { ours, lostBySynapse };
  }

  /** Who is joined where: of those, how many lines differ. */
  async joinFaults(): Promise<string[]> {
    const words = await this.options.rollcall.read(membershipsIn);
    const ours = [...words].flatMap(([pair, word]) => (word === 'join' ? [pair] : []));
    const theirs = new Set<string>();
    for (const [roomId, { members }] of await this.#roomsNow())
      for (const [userId, word] of members) if (word === 'join') theirs.add(`${roomId} ${userId}`);
    const missing = [...theirs].filter((pair) => words.get(pair) !== 'join').map((pair) => `${pair} is missing`);
    return [...missing, ...ours.filter((pair) => !theirs.has(pair)).map((pair) => `${pair} is too many`)];
  }

  /** Devices that show somebody otherwise than the engine does, and people who are shown with another message than their last. */
  async pictureFaults(): Promise<string[]> {
    const views = await this.options.rollcall.read(viewsIn);
    const rooms = await this.#roomsNow();
    const faults = this.#residents
      .filter(({ userId }) => views.get(userId)?.statusMsg !== `the end of ${userId}`)
      .map(({ userId }) => `${userId} is shown with ${String(views.get(userId)?.statusMsg)}`);
    for (const device of this.devices) {
      const seen = new Map(device.presence.map(({ sender, content }) => [sender, pictureOf(content)]));
      for (const other of matesOf(device.userId, rooms)) {
        const [shown, wanted] = [seen.get(other) ?? NOBODY, viewPicture(views.get(other))];
        if (shown !== wanted)
          faults.push(`${device.userId} ${device.who.deviceId}: ${other} is ${shown}, not ${wanted}`);
      }
    }
    return faults;
  }

  /** Of all devices; to be asked when nothing happens any more. */
  async timelines(): Promise<{ readonly faults: string[]; readonly events: number; readonly stays: number }> {
    const rooms = await this.#roomsNow();
    const verdicts = this.devices.map(({ userId, answers }) => judgeTimelines(userId, answers, rooms));
    const faults = verdicts.flatMap((verdict) => verdict.faults);
    for (const roomId of [this.#square, ...this.#rooms]) {
      const told = await messagesOf(this.options.synapse, this.owner.who.token, roomId);
      if (told.sort().join() !== [...(rooms.get(roomId)?.timeline ?? [])].sort().join())
        faults.push(`/messages tells something else of ${roomId} than the judge was given`);
    }
    const sum = (of: (verdict: (typeof verdicts)[number]) => number): number =>
      verdicts.reduce((total, verdict) => total + of(verdict), 0);
    return { faults, events: sum(({ events }) => events), stays: sum(({ stays }) => stays) };
  }

  /** Answers that no client may get. */
  dishonest(): string[] {
    return this.devices.flatMap(({ userId, refusals }) =>
      [...refusals].filter((refusal) => !HONEST.test(refusal)).map((refusal) => `${userId} was answered ${refusal}`),
    );
  }

  /** Waits until everything is as it must be, the import repeated as the guide has it after a crash; the figures of it. */
  async verdict(): Promise<string> {
    const { rollcall, witness, seed } = this.options;
    await this.handedOver();
    await untilNone('the log says what was handed over', () => this.promiseFaults());
    const { ours, lostBySynapse } = await this.membershipFaults();
    expect(ours).toEqual([]);
    const { joins, leaves } = await rollcall.importRooms(this.owner.who.token);
    await untilNone('who is joined is who is joined at the homeserver', () => this.joinFaults());
    await untilNone('every device shows what the engine holds', () => this.pictureFaults());
    await untilNone(`every event was told once, seed ${String(seed)}`, async () => (await this.timelines()).faults);
    const { events, stays } = await this.timelines();
    return `seed ${String(seed)}; ${this.figures()}; ${String(witness.taken)} transactions taken, ${String(witness.failed)} not; ${String(witness.memberships.size)} memberships, ${String(lostBySynapse.length)} of them never handed over, or overruled by Synapse (the import wrote ${String(joins)} joins and ${String(leaves)} leaves); ${String(events)} events in ${String(stays)} stays told once each`;
  }

  async stop(): Promise<void> {
    await Promise.all(this.devices.map((device) => device.stopLoop()));
  }

  figures(): string {
    const { done, refused, unanswered } = this.crowd;
    const list = (counts: ReadonlyMap<string, number>): string =>
      [...counts].map(([name, count]) => `${name} ${String(count)}`).join(', ');
    const failed = this.devices.reduce((sum, device) => sum + device.failed, 0);
    const answers = this.devices.reduce((sum, device) => sum + device.answers.length, 0);
    return `killed: ${list(this.killed)}; done: ${list(done)} (${String(refused)} refused, ${String(unanswered)} not answered); ${String(this.devices.length)} devices, ${String(answers)} answers to /sync, ${String(failed)} polls failed`;
  }

  get #residents(): readonly Person[] {
    return this.devices.slice(1, this.options.people + 1);
  }

  readonly #anyUrl = (): string => this.#urlDraw.of(this.options.rollcall.urls);
  readonly #urlDraw = new Draw(0);

  #roomsNow(): Promise<Map<string, RoomAtHomeserver>> {
    return roomsAt(this.options.synapse, this.owner.who.token);
  }
}

/** Until there are no faults; says the first of them when there always are. */
export async function untilNone(what: string, faults: () => Promise<readonly string[]>): Promise<void> {
  let last: readonly string[] = [];
  try {
    await until(what, async () => {
      last = await faults();
      await pause(last.length === 0 ? 0 : 500);
      return last.length === 0 ? true : undefined;
    });
  } catch (error) {
    throw new Error(`${what}: ${String(last.length)} faults\n${last.slice(0, 8).join('\n')}`, { cause: error });
  }
}

/** Everybody who shares a room with somebody whose presence is told there, and they themselves. */
function matesOf(userId: string, rooms: ReadonlyMap<string, RoomAtHomeserver>): ReadonlySet<string> {
  const mates = new Set([userId]);
  const isIn = (members: ReadonlyMap<string, MembershipWord>, who: string): boolean => members.get(who) === 'join';
  for (const { members, joinRule } of rooms.values()) {
    if (joinRule === 'public' || !isIn(members, userId)) continue;
    for (const other of members.keys()) if (isIn(members, other)) mates.add(other);
  }
  return mates;
}

function historyOf(told: readonly ToldWord[]): string {
  const words = told.map(({ word, eventId, sentMs }) => `${word} (${eventId} of ${String(sentMs)})`);
  return words.join(', ');
}

const NOBODY = 'offline, inactive';

function pictureOf(content: Readonly<Record<string, unknown>>): string {
  const { presence, status_msg: message, currently_active: isActive } = content;
  return [presence, isActive === true ? 'active' : 'inactive', message]
    .filter((word): word is string => typeof word === 'string')
    .join(', ');
}

function viewPicture(view: View | undefined): string {
  if (view === undefined) return NOBODY;
  return pictureOf({ presence: view.presence, status_msg: view.statusMsg, currently_active: view.currentlyActive });
}

/** A few at a time. */
async function inTurns<One, Made>(all: readonly One[], make: (one: One) => Promise<Made>): Promise<Made[]> {
  const made: Made[] = [];
  for (let index = 0; index < all.length; index += 6)
    made.push(...(await Promise.all(all.slice(index, index + 6).map(make))));
  return made;
}

function pause(spanMs: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, spanMs));
}
