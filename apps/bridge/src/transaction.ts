// What a transaction of the application service API says: memberships, room policies, and who did something when. Pure.
// Invariant: events come out in the order in which they went in; what is not understood is counted, never a failure.
import type { MembershipWord } from '#libs/contracts';
import { isJsonObject, isRoomId, isUserId, type JsonObject } from '#libs/matrix';

/** `atMs`: milliseconds since the Unix epoch, as the event says it. */
export type BridgedFact =
  | {
      readonly kind: 'membership';
      readonly roomId: string;
      readonly userId: string;
      readonly membership: MembershipWord;
      readonly atMs?: number;
    }
  | { readonly kind: 'join-rule'; readonly roomId: string; readonly joinRule: string; readonly atMs?: number }
  /** Absent = now. */
  | { readonly kind: 'activity'; readonly userId: string; readonly atMs?: number }
  | { readonly kind: 'typing'; readonly roomId: string; readonly userIds: readonly string[] };

export interface TransactionRead {
  readonly facts: readonly BridgedFact[];
  /** Events that should have meant something and could not be read. */
  readonly broken: number;
}

const MEMBERSHIPS: ReadonlySet<unknown> = new Set<MembershipWord>(['join', 'leave', 'invite', 'knock', 'ban']);

/** What a person does with a client. State events are left out: servers and bots write most of them. */
const ACTIVITY_TYPES: ReadonlySet<string> = new Set([
  'm.room.message',
  'm.room.encrypted',
  'm.reaction',
  'm.sticker',
  'm.poll.start',
  'm.poll.response',
  'org.matrix.msc3381.poll.start',
  'org.matrix.msc3381.poll.response',
]);
const CALL_TYPES = /^m\.(call|rtc)\./;

/** Bridges that puppet a real user mark what they send in that user's name. */
const PUPPET_MARKS = ['fi.mau.double_puppet_source', 'net.maunium.double_puppet_source'];

/** A transaction's body; `isActor` says whose doings count: local users whom no application service owns. */
export function readTransaction(body: JsonObject, isActor: (userId: string) => boolean): TransactionRead {
  const facts: BridgedFact[] = [];
  let broken = 0;
  for (const event of listOf(body['events'])) {
    const read = readEvent(event, isActor);
    if (read === 'broken') broken += 1;
    else if (read !== undefined) facts.push(read);
  }
  for (const event of ephemeralOf(body)) {
    const read = readEphemeral(event, isActor);
    if (read === 'broken') broken += 1;
    else facts.push(...read);
  }
  return { facts, broken };
}

/** Homeservers that know both names send the same list twice. */
function ephemeralOf(body: JsonObject): readonly unknown[] {
  return listOf(body['ephemeral'] ?? body['de.sorunome.msc2409.ephemeral']);
}

function readEvent(event: unknown, isActor: (userId: string) => boolean): BridgedFact | 'broken' | undefined {
  if (!isJsonObject(event) || typeof event['type'] !== 'string') return 'broken';
  const { type, room_id: roomId, state_key: stateKey, sender } = event;
  const content = isJsonObject(event['content']) ? event['content'] : {};
  const time = timeOf(event['origin_server_ts']);
  if (type === 'm.room.member') return membershipIn(roomId, stateKey, content, time);
  if (type === 'm.room.join_rules') {
    const { join_rule: joinRule } = content;
    if (typeof roomId !== 'string' || !isRoomId(roomId) || stateKey !== '') return 'broken';
    // A redacted rule is none: what is not known to be public is not.
    return { kind: 'join-rule', roomId, joinRule: typeof joinRule === 'string' ? joinRule : 'invite', ...time };
  }
  if (stateKey !== undefined || !(ACTIVITY_TYPES.has(type) || CALL_TYPES.test(type))) return undefined;
  if (typeof sender !== 'string') return 'broken';
  if (!isActor(sender) || PUPPET_MARKS.some((mark) => mark in content)) return undefined;
  return { kind: 'activity', userId: sender, ...time };
}

function membershipIn(
  roomId: unknown,
  userId: unknown,
  { membership }: JsonObject,
  time: Time,
): BridgedFact | 'broken' {
  if (typeof roomId !== 'string' || !isRoomId(roomId) || typeof userId !== 'string' || !isUserId(userId))
    return 'broken';
  if (!MEMBERSHIPS.has(membership)) return 'broken';
  return { kind: 'membership', roomId, userId, membership: membership as MembershipWord, ...time };
}

function readEphemeral(event: unknown, isActor: (userId: string) => boolean): readonly BridgedFact[] | 'broken' {
  if (!isJsonObject(event) || typeof event['type'] !== 'string') return 'broken';
  const content = isJsonObject(event['content']) ? event['content'] : undefined;
  switch (event['type']) {
    case 'm.typing':
      return content === undefined ? 'broken' : typingIn(event['room_id'], content, isActor);
    case 'm.receipt':
      return content === undefined ? 'broken' : receiptsIn(content, isActor);
    default:
      return [];
  }
}

function typingIn(
  roomId: unknown,
  { user_ids: userIds }: JsonObject,
  isActor: (userId: string) => boolean,
): readonly BridgedFact[] | 'broken' {
  if (typeof roomId !== 'string' || !Array.isArray(userIds)) return 'broken';
  const actors = userIds.filter((userId): userId is string => typeof userId === 'string' && isActor(userId));
  return [{ kind: 'typing', roomId, userIds: actors }];
}

/** `{ $event: { "m.read": { @user: { ts } } } }`; a private receipt is a doing like any other. */
function receiptsIn(content: JsonObject, isActor: (userId: string) => boolean): readonly BridgedFact[] {
  const facts: BridgedFact[] = [];
  for (const kinds of Object.values(content)) {
    if (!isJsonObject(kinds)) continue;
    for (const [kind, readers] of Object.entries(kinds)) {
      if (!/^m\.read(\.private)?$/.test(kind) || !isJsonObject(readers)) continue;
      for (const [userId, receipt] of Object.entries(readers)) {
        if (isActor(userId))
          facts.push({ kind: 'activity', userId, ...timeOf(isJsonObject(receipt) ? receipt['ts'] : undefined) });
      }
    }
  }
  return facts;
}

interface Time {
  readonly atMs?: number;
}

function timeOf(given: unknown): Time {
  return typeof given === 'number' && Number.isSafeInteger(given) ? { atMs: given } : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
