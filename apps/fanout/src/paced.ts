// Work that may be large and never delays changes: done in slices between them. Invariant: an item does at most about
// `budget` at a time, and says how far the task's commit may go while it is unfinished.
import type { Tables } from './tables.js';
import type { Telling } from './telling.js';
import { lackOf } from './recipient-lacks.js';
import type { RecipientTopic } from './recipient-topic.js';

/** `vector`: the committed vector stays; `position`: nothing is committed; `nothing`: it is found out again after a crash. */
export type Holds = 'nothing' | 'vector' | 'position';

export interface Paced {
  readonly holds: Holds;
  advance(telling: Telling, tables: Tables, budget: number): 'done' | 'more';
}

/** Every view of the task's partition to whoever is interested. */
export class Resend implements Paced {
  #row = 0;

  constructor(readonly holds: Holds) {}

  advance(telling: Telling, tables: Tables, budget: number): 'done' | 'more' {
    const enough = telling.effort + budget;
    const { rows } = tables.states;
    for (let looked = 0; this.#row < tables.users.size; this.#row++, looked++) {
      if (telling.effort >= enough || looked >= budget) return 'more';
      if (rows.isKnown(this.#row) && telling.owns(this.#row)) telling.tellInterested(this.#row);
    }
    return 'done';
  }
}

/** A room creates interest again: every member's view to all the others. */
export class RoomReturn implements Paced {
  readonly holds = 'vector';
  #from = 0;

  constructor(readonly room: number) {}

  advance(telling: Telling, tables: Tables, budget: number): 'done' | 'more' {
    const { interest } = tables.memberships;
    if (!interest.createsInterest(this.room)) return 'done';
    const enough = telling.effort + budget;
    const members = telling.membersOf(this.room).taken();
    for (const sender of members) {
      if (sender < this.#from || !telling.owns(sender)) continue;
      if (telling.effort >= enough) return 'more';
      telling.tell(sender, members, members.length);
      this.#from = sender + 1;
    }
    return 'done';
  }
}

export interface Joined {
  readonly room: number;
  readonly user: number;
}

/** Joins whose effects a former owner may not have sent. */
export class JoinsAgain implements Paced {
  readonly holds = 'vector';
  #next = 0;

  constructor(private readonly joins: readonly Joined[]) {}

  advance(telling: Telling, _tables: Tables, budget: number): 'done' | 'more' {
    const enough = telling.effort + budget;
    for (; this.#next < this.joins.length; this.#next++) {
      if (telling.effort >= enough) return 'more';
      const { room, user } = this.joins[this.#next] as Joined;
      telling.tellRoomOf(room, user);
      telling.effort++;
    }
    return 'done';
  }
}

/** Everything that a recipient topic holds or lacks of the task's senders. */
export class Audit implements Paced {
  readonly holds = 'nothing';

  constructor(readonly topic: RecipientTopic) {}

  advance(telling: Telling, tables: Tables): 'done' {
    const { interest } = tables.memberships;
    const shared = telling.interestedIn(this.topic.user);
    for (const sender of shared) this.#look(sender, telling, tables);
    for (const sender of this.topic.senders())
      if (!interest.sharesRoom(sender, this.topic.user)) this.#look(sender, telling, tables);
    telling.effort += shared.length >> 2;
    return 'done';
  }

  /** What it does not lack now, whatever changes it later settles. */
  #look(sender: number, telling: Telling, tables: Tables): void {
    if (telling.owns(sender) && lackOf(tables, this.topic, sender) !== 'nothing') telling.settle(this.topic, sender);
  }
}
