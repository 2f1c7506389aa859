// Whether a device was told every event of its rooms once, from its /sync answers and the homeserver's own timelines. Invariant:
// a stay is what a user may see between joining and leaving; what is told of a stay has no gap and no repetition, and a stay that
// goes on is told to its end.
import type { RoomAtHomeserver } from './homeserver-words.js';
import type { RoomPart, SyncBody, TimelineEvent } from './person.js';

type Rooms = ReadonlyMap<string, Pick<RoomAtHomeserver, 'members' | 'memberEvents' | 'timeline'>>;

interface Stay {
  /** Place of the last event that was told. */
  last: number;
  isOver: boolean;
  /** Place of the last own join that was told; -1 = none was. */
  joinedAt: number;
}

export interface TimelineVerdict {
  readonly faults: readonly string[];
  /** Events told, and stays that they belong to. */
  readonly events: number;
  readonly stays: number;
}

/** `answers`: of one device, in the order in which it got them. */
export function judgeTimelines(userId: string, answers: readonly SyncBody[], rooms: Rooms): TimelineVerdict {
  const judge = new Judge(userId, rooms);
  for (const { rooms: told } of answers) {
    for (const [roomId, part] of Object.entries(told?.join ?? {})) judge.take(roomId, part, 'joined');
    for (const [roomId, part] of Object.entries(told?.leave ?? {})) judge.take(roomId, part, 'left');
  }
  judge.end();
  return judge;
}

class Judge implements TimelineVerdict {
  readonly faults: string[] = [];
  events = 0;
  stays = 0;
  readonly #stays = new Map<string, Stay>();
  readonly #places = new Map<string, ReadonlyMap<string, number>>();

  constructor(
    private readonly userId: string,
    private readonly rooms: Rooms,
  ) {}

  take(roomId: string, { timeline }: RoomPart, section: 'joined' | 'left'): void {
    const events = timeline?.events ?? [];
    const stay = this.#stays.get(roomId);
    const goesOn = stay !== undefined && !stay.isOver;
    // Of a room in which it was not, a device is told that it is not (a ban, an invitation taken back).
    if (section === 'left' && !goesOn) return;
    if (events.length > 0) this.#block(roomId, events, goesOn ? stay : undefined);
    if (section === 'left')
      this.#stays.set(roomId, { last: this.#stays.get(roomId)?.last ?? -1, isOver: true, joinedAt: -1 });
  }

  /** Every stay that goes on must have been told to its end. */
  end(): void {
    for (const [roomId, { members, memberEvents, timeline }] of this.rooms) {
      const stay = this.#stays.get(roomId);
      const goesOn = stay !== undefined && !stay.isOver;
      // The homeserver's state resolution dropped the join, for nothing or for an earlier word: it was told out of the room's timeline,
      // and nothing says that it ended.
      const stands = timeline.indexOf(memberEvents.get(this.userId) ?? '');
      const wentBack = !members.has(this.userId) || (stands >= 0 && stands < (stay?.joinedAt ?? -1));
      if (goesOn && stay.joinedAt >= 0 && members.get(this.userId) !== 'join' && wentBack) continue;
      if ((members.get(this.userId) === 'join') !== goesOn)
        this.faults.push(
          `${this.userId} is ${String(members.get(this.userId))} to ${roomId}, and was told otherwise (events told: ${String((stay?.last ?? -1) + 1)} of ${String(timeline.length)}${(stay?.joinedAt ?? -1) >= 0 ? ', its joining among them' : ''})`,
        );
      else if (goesOn && stay.last !== timeline.length - 1)
        this.faults.push(
          `${this.userId} was not told the last ${String(timeline.length - 1 - stay.last)} events of ${roomId}`,
        );
    }
  }

  #block(roomId: string, events: readonly TimelineEvent[], before: Stay | undefined): void {
    const places = this.#placesOf(roomId);
    const told = events.map(({ event_id: id }) => places.get(id));
    if (told.some((place) => place === undefined)) {
      this.faults.push(`${this.userId} was told an event of ${roomId} that the homeserver does not show`);
      return;
    }
    const sorted = (told as number[]).sort((one, other) => one - other);
    const [first = 0, last = 0] = [sorted[0], sorted.at(-1)];
    this.events += events.length;
    if (last - first !== sorted.length - 1)
      this.faults.push(
        `${this.userId} was told ${roomId} with a gap or twice between ${String(first)} and ${String(last)}`,
      );
    const isNew = before === undefined || (first <= before.last && this.#leftAfter(before.last, roomId, events));
    if (isNew) this.stays += 1;
    else if (first !== before.last + 1)
      this.faults.push(
        `${this.userId} was told ${roomId} from ${String(first)} on after ${String(before.last)}: ${first > before.last ? 'lost' : 'repeated'}`,
      );
    const joins = events.filter((event) => this.#isOwn(event) && event.content.membership === 'join');
    const joinedAt = Math.max(isNew ? -1 : before.joinedAt, ...joins.map(({ event_id: id }) => places.get(id) ?? -1));
    this.#stays.set(roomId, { last, isOver: false, joinedAt });
  }

  /** Whoever left and joined again between two polls is told the room anew, their leaving included. */
  #leftAfter(last: number, roomId: string, events: readonly TimelineEvent[]): boolean {
    return events.some(
      (event) =>
        (this.#placesOf(roomId).get(event.event_id) ?? -1) > last &&
        this.#isOwn(event) &&
        event.content.membership !== 'join',
    );
  }

  #isOwn({ type, state_key: key }: TimelineEvent): boolean {
    return type === 'm.room.member' && key === this.userId;
  }

  #placesOf(roomId: string): ReadonlyMap<string, number> {
    let places = this.#places.get(roomId);
    if (places === undefined) {
      places = new Map((this.rooms.get(roomId)?.timeline ?? []).map((id, index) => [id, index]));
      this.#places.set(roomId, places);
    }
    return places;
  }
}
