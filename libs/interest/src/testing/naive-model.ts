// Memberships as plain sets, everything recomputed when asked: what the table is compared with. Invariant: shares no code
// with it.
import type { Membership, RoomPolicy } from '../index.js';

export const LIMIT = 5;
export type Step =
  | { readonly kind: 'membership'; readonly room: number; readonly user: number; readonly membership: Membership }
  | { readonly kind: 'policy'; readonly room: number; readonly policy: RoomPolicy };

export class NaiveModel {
  readonly joined = new Map<number, Set<number>>();
  readonly withheld = new Set<number>();
  readonly oversize = new Set<number>();

  apply(step: Step): void {
    if (step.kind === 'policy') {
      if (step.policy === 'withhold') this.withheld.add(step.room);
      else this.withheld.delete(step.room);
      return;
    }
    const members = this.joined.get(step.room) ?? new Set<number>();
    this.joined.set(step.room, members);
    if (step.membership === 'join') members.add(step.user);
    else members.delete(step.user);
    if (members.size > LIMIT) this.oversize.add(step.room);
    if (members.size < LIMIT * 0.9) this.oversize.delete(step.room);
  }

  open(room: number): boolean {
    return !this.withheld.has(room) && !this.oversize.has(room);
  }

  pairs(): Set<string> {
    const pairs = new Set<string>();
    for (const [room, members] of this.joined) {
      if (!this.open(room)) continue;
      for (const one of members) for (const other of members) if (one < other) pairs.add(`${one} ${other}`);
    }
    return pairs;
  }
}
