// Who lives at the homeserver of the comparison: a room of some in which all wait, and two storms with a room and watchers each.
// Invariant: made once, on one Synapse; every side of the comparison starts from that state, so all of them serve the same people.
import { type Registered, type Synapse } from '#libs/testing';

export interface TownSize {
  readonly room: number;
  readonly stormUsers: number;
  readonly stormWatchers: number;
}

export interface Membership {
  readonly roomId: string;
  readonly userId: string;
}

export interface Town {
  readonly administrator: Registered;
  readonly room: readonly Registered[];
  readonly watchers: readonly Registered[];
  /** One that comes at once, one that is spread. */
  readonly storms: readonly [readonly Registered[], readonly Registered[]];
  readonly memberships: readonly Membership[];
}

const REGISTERED_AT_ONCE = 4;

export async function settle(synapse: Synapse, { room, stormUsers, stormWatchers }: TownSize): Promise<Town> {
  const administrator = await synapse.register('administrator', 'admin');
  const all = await people(synapse, room + stormWatchers + 2 * stormUsers);
  const take = (count: number): Registered[] => all.splice(0, count);
  const members = take(room);
  const watchers = take(stormWatchers);
  const storms = [take(stormUsers), take(stormUsers)] as const;
  const memberships: Membership[] = [];
  for (const of of [members, [...watchers, ...storms[0]], [...watchers, ...storms[1]]]) {
    const roomId = await roomOf(synapse, of);
    memberships.push(...of.map(({ userId }) => ({ roomId, userId })));
  }
  return { administrator, room: members, watchers, storms, memberships };
}

export function everybody({ room, watchers, storms }: Town): readonly Registered[] {
  return [...room, ...watchers, ...storms.flat()];
}

async function people(synapse: Synapse, count: number): Promise<Registered[]> {
  const made: Registered[] = [];
  while (made.length < count) {
    const names = Array.from(
      { length: Math.min(REGISTERED_AT_ONCE, count - made.length) },
      (_, index) => `user${made.length + index}`,
    );
    made.push(...(await Promise.all(names.map((name) => synapse.register(name)))));
  }
  return made;
}

/** The first makes it, the others join, one after the other: a homeserver takes joins of one room no faster. */
async function roomOf({ url }: Synapse, [first, ...others]: readonly Registered[]): Promise<string> {
  const created = await post(`${url}/_matrix/client/v3/createRoom`, first!, { preset: 'public_chat' });
  const roomId = String(created['room_id']);
  for (const other of others) await post(`${url}/_matrix/client/v3/join/${encodeURIComponent(roomId)}`, other, {});
  return roomId;
}

async function post(url: string, { token }: Registered, body: object): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  const told = (await answer.json()) as Record<string, unknown>;
  if (answer.status !== 200) throw new Error(`POST ${url}: ${answer.status} ${JSON.stringify(told)}`);
  return told;
}
