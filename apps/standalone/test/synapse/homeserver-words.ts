// The homeserver's own word, to compare with: every room's rule, members and timeline, by its admin API and its database.
// Invariant: nothing of it has come through Rollcall.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { MembershipWord } from '#libs/contracts';
import { SYNAPSE, pythonWith, type Synapse } from '#libs/testing';

const run = promisify(execFile);

export interface RoomAtHomeserver {
  readonly joinRule: string;
  /** By user. */
  readonly members: ReadonlyMap<string, MembershipWord>;
  /** By user: the event that says it. */
  readonly memberEvents: ReadonlyMap<string, string>;
  /** Ids of the events that clients may see, in the order in which /sync tells them. */
  readonly timeline: readonly string[];
}

interface StateEvent {
  readonly event_id: string;
  readonly type: string;
  readonly state_key: string;
  readonly content: { readonly membership?: MembershipWord; readonly join_rule?: string };
}

/** By room. */
export async function roomsAt(synapse: Synapse, adminToken: string): Promise<Map<string, RoomAtHomeserver>> {
  const ask = async <Body>(path: string): Promise<Body> => {
    const answer = await fetch(`${synapse.url}${path}`, { headers: { authorization: `Bearer ${adminToken}` } });
    if (answer.status !== 200) throw new Error(`${path} answered ${String(answer.status)}: ${await answer.text()}`);
    return (await answer.json()) as Body;
  };
  const { rooms } = await ask<{ rooms: { room_id: string }[] }>('/_synapse/admin/v1/rooms?limit=500');
  const timelines = await timelinesIn(synapse);
  const found = new Map<string, RoomAtHomeserver>();
  for (const { room_id: roomId } of rooms) {
    const path = `/_synapse/admin/v1/rooms/${encodeURIComponent(roomId)}/state`;
    const { state } = await ask<{ state: StateEvent[] }>(path);
    const members = new Map<string, MembershipWord>();
    const memberEvents = new Map<string, string>();
    let joinRule = 'invite';
    for (const { event_id: eventId, type, state_key: key, content } of state) {
      if (type === 'm.room.member' && content.membership !== undefined) {
        members.set(key, content.membership);
        memberEvents.set(key, eventId);
      }
      if (type === 'm.room.join_rules') joinRule = content.join_rule ?? 'invite';
    }
    found.set(roomId, { joinRule, members, memberEvents, timeline: timelines.get(roomId) ?? [] });
  }
  return found;
}

/** Of one room by GET /messages: ids, from the beginning on. */
export async function messagesOf({ url }: Synapse, token: string, roomId: string): Promise<string[]> {
  const ids: string[] = [];
  for (let from: string | undefined = ''; from !== undefined;) {
    const at: string = from === '' ? '' : `&from=${encodeURIComponent(from)}`;
    const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=f&limit=500${at}`;
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    const { chunk, end } = (await answer.json()) as { chunk: { event_id: string }[]; end?: string };
    ids.push(...chunk.map(({ event_id: id }) => id));
    from = chunk.length === 0 ? undefined : end;
  }
  return ids;
}

/** /messages tells events by their depth; the order of /sync is in the database alone. */
async function timelinesIn({ databaseFile }: Synapse): Promise<Map<string, string[]>> {
  const query =
    "SELECT room_id, event_id FROM events WHERE NOT outlier AND rejection_reason IS NULL AND type <> 'org.matrix.dummy_event' ORDER BY stream_ordering";
  const program =
    'import json, sqlite3, sys; c = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=30); print(json.dumps(c.execute(sys.argv[2]).fetchall()))';
  const python = await pythonWith(SYNAPSE);
  const { stdout } = await run(python, ['-c', program, databaseFile, query], { maxBuffer: 256 << 20 });
  const timelines = new Map<string, string[]>();
  for (const [roomId, eventId] of JSON.parse(stdout) as [string, string][]) {
    const timeline = timelines.get(roomId);
    if (timeline === undefined) timelines.set(roomId, [eventId]);
    else timeline.push(eventId);
  }
  return timelines;
}
