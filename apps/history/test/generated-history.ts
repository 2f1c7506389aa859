// A history as the aggregator would have written it, drawn from a printed seed: chains of changes with versions, causes and times, with
// messages that are hard on readers, lives that end and begin again, memberships and rooms. It stands apart because exports, queries
// and their measurements all need the same one.
import { encodeChange, encodeMembership, encodeRoomPolicy, type ChangeRecord } from '#libs/contracts';
import type { EventLog, NewRecord } from '#libs/event-log';
import type { UserId } from '#libs/matrix';
import type { View } from '#libs/presence';

export interface Drawn {
  readonly seed: number;
  readonly users: number;
  readonly changes: number;
  readonly startMs: number;
  /** Of all changes together. */
  readonly spanMs: number;
  /** Chance of a change to be an erasure. */
  readonly forgets?: number;
}

/** One change as the raw log has it, for computations that know nothing of exports. */
export interface RawChange {
  readonly userId: string;
  readonly life: number;
  readonly version: number;
  readonly atMs: number;
  readonly view: View;
  readonly before: View;
  readonly isErasure: boolean;
}

/** mulberry32. */
export function drawer(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const MESSAGES = [
  undefined,
  undefined,
  undefined,
  'at lunch',
  'in a meeting',
  'back at 5',
  'quoted "status_msg":"no", really \\',
  'Ümläut 日本 🎈',
  'two\nlines\tand, commas',
  "it's",
  'null',
] as const;
const PRESENCES = ['online', 'online', 'online', 'unavailable', 'unavailable', 'offline', 'offline', 'busy'] as const;
const TIMERS = ['idle', 'active', 'lease', 'grace', 'put'] as const;

export const nameOf = (user: number): UserId =>
  (user % 97 === 3 ? `@bé"t_${user}:exa-mple.org` : `@user${user}:example.org`) as UserId;

interface Chain {
  life: number;
  version: number;
  view: View;
}

const unknown: View = { presence: 'offline', currentlyActive: false };

/** Changes in the order of their times, one at a time. */
export function* drawChanges({ seed, users, changes, startMs, spanMs, forgets = 0 }: Drawn): Generator<{
  readonly raw: RawChange;
  readonly record: ChangeRecord;
}> {
  const draw = drawer(seed);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(draw() * values.length)] as T;
  const chains = new Map<number, Chain>();
  for (let index = 0; index < changes; index++) {
    // Some are far more often there than others.
    const user = Math.floor(draw() ** 2 * users);
    const chain = chains.get(user) ?? { life: 0, version: 0, view: unknown };
    chains.set(user, chain);
    const atMs = startMs + Math.floor((index / changes) * spanMs);
    const userId = nameOf(user);
    const cause = draw() < 0.5 ? { topic: 'activity' as const, offset: index * 3 } : { timer: pick(TIMERS) };
    const applied = draw() < 0.1 ? {} : { activity: index * 3, ...(draw() < 0.5 && { commands: index }) };
    const stamp = { userId, life: chain.life, atMs, cause, applied };
    if (draw() < forgets && chain.version > 0) {
      const { version, view, life } = chain;
      const raw = { userId, life, version, atMs, view, before: view, isErasure: true };
      yield { raw, record: { kind: 'forgotten', ...stamp, version } };
      chains.set(user, { life: life + 1, version: 0, view: unknown });
      continue;
    }
    const presence = pick(PRESENCES);
    const message = pick(MESSAGES);
    const view: View = {
      presence,
      ...(message !== undefined && { statusMsg: message }),
      currentlyActive: (presence === 'online' || presence === 'busy') && draw() < 0.5,
      ...(draw() < 0.9 && { lastActiveAtMs: atMs - Math.floor(draw() * 100_000) }),
    };
    const before = chain.view;
    const version = ++chain.version;
    chain.view = view;
    const raw = { userId, life: chain.life, version, atMs, view, before, isErasure: false };
    yield { raw, record: { kind: 'changed', ...stamp, version, view, before } };
  }
}

/** Appends them in batches; resolves to what was written, for the caller's own computations. */
export async function writeHistory(
  log: EventLog,
  topic: string,
  drawn: Drawn,
  keep = true,
): Promise<readonly RawChange[]> {
  const kept: RawChange[] = [];
  let batch: NewRecord[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length > 0) await log.append(topic, batch);
    batch = [];
  };
  for (const { raw, record } of drawChanges(drawn)) {
    batch.push({ key: record.userId, value: encodeChange(record) });
    if (keep) kept.push(raw);
    if (batch.length >= 5000) await flush();
  }
  await flush();
  return kept;
}

export interface Rooms {
  readonly memberships: string;
  readonly rooms: string;
}

/** Everybody is in room `user mod rooms`, some in the first one too; every fifth room withholds. */
export async function writeRooms(log: EventLog, topics: Rooms, users: number, rooms: number): Promise<void> {
  const room = (number: number): string => `!room${number}:example.org`;
  const joins: NewRecord[] = [];
  for (let user = 0; user < users; user++) {
    for (const roomId of new Set([room(user % rooms), ...(user % 4 === 0 ? [room(0)] : [])])) {
      const value = encodeMembership({ roomId, userId: nameOf(user), membership: user % 11 === 5 ? 'leave' : 'join' });
      joins.push({ key: `${roomId}|${nameOf(user)}`, value });
    }
  }
  await log.append(topics.memberships, joins);
  const policies = Array.from({ length: rooms }, (_, number) => room(number)).filter((_, number) => number % 5 === 4);
  await log.append(
    topics.rooms,
    policies.map((roomId) => ({ key: roomId, value: encodeRoomPolicy({ roomId, presence: 'withhold' }) })),
  );
}
