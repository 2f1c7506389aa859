// Everybody the page knows, as of now or as of a time. Invariant: newer means later life, then higher version, whoever tells it
// and in whatever order; `revision` grows with everything that may be seen.
import type { MoveTold, OverviewTold, PersonTold, Presence, ViewTold } from './told.js';

export interface Person {
  readonly userId: string;
  /** What the list is searched in and ordered by. */
  readonly key: string;
  readonly rooms: readonly string[];
  readonly life: number;
  readonly version: number;
  readonly presence: Presence;
  readonly statusMsg: string;
  readonly currentlyActive: boolean;
  readonly lastActiveTs: number | undefined;
  readonly changedTs: number | undefined;
}

export interface Room {
  readonly roomId: string;
  /** Joined members, known here or not. */
  readonly joined: number;
}

export class Roster {
  readonly people = new Map<string, Person>();
  rooms: readonly Room[] = [];
  /** More people are there than the page was told. */
  truncated = false;
  /** Somebody came whose rooms are not known. */
  hasStrangers = false;
  revision = 0;

  static of(told: OverviewTold): Roster {
    const roster = new Roster();
    roster.replace(told);
    return roster;
  }

  replace({ users, rooms, truncated }: OverviewTold): void {
    this.people.clear();
    this.rooms = rooms.map(({ room_id: roomId, joined }) => ({ roomId, joined }));
    for (const person of users) this.people.set(person.user_id, this.#personOf(person));
    this.truncated = truncated;
    this.hasStrangers = false;
    this.revision += 1;
  }

  /** `news`: something moved that was not known. */
  apply(move: MoveTold): 'news' | 'known' {
    const { user_id: userId, life, version, presence } = move;
    const known = this.people.get(userId);
    if (known !== undefined && (known.life - life || known.version - version) >= 0 && presence !== undefined)
      return 'known';
    this.revision += 1;
    if (presence === undefined) {
      this.people.delete(userId);
      return 'news';
    }
    if (known === undefined && this.truncated) return 'news';
    if (known === undefined) this.hasStrangers = true;
    const rooms = known?.rooms ?? [];
    this.people.set(userId, {
      ...personOf(userId, { ...move, presence }, rooms),
      life,
      version,
      changedTs: move.at_ts,
    });
    return 'news';
  }

  /** A user's own stream tells views without stamps. */
  show(userId: string, view: ViewTold, atTs: number): void {
    const known = this.people.get(userId);
    this.revision += 1;
    this.people.set(userId, {
      ...personOf(userId, view, []),
      life: 0,
      version: (known?.version ?? 0) + 1,
      changedTs: atTs,
    });
  }

  #personOf(told: PersonTold): Person {
    const rooms = told.rooms.flatMap((place) => this.rooms[place]?.roomId ?? []);
    return {
      ...personOf(told.user_id, told, rooms),
      life: told.life,
      version: told.version,
      changedTs: told.changed_ts,
    };
  }
}

function personOf(
  userId: string,
  view: ViewTold,
  rooms: readonly string[],
): Omit<Person, 'life' | 'version' | 'changedTs'> {
  return {
    userId,
    key: userId.toLowerCase(),
    rooms,
    presence: view.presence,
    statusMsg: view.status_msg ?? '',
    currentlyActive: view.currently_active ?? false,
    lastActiveTs: view.last_active_ts,
  };
}
