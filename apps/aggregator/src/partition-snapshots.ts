// All registers of a partition at one pair of input offsets, written beside the batches: where history commands begin. Invariants:
// what a snapshot holds of a user is what was there when it began (whoever changes a user later calls `preserve` first); each batch
// writes a bounded piece; only an ended snapshot counts, and one begins anew after any restart that left it in the middle.
import {
  SNAPSHOT_KEY,
  decodeSnapshotRecord,
  encodeSnapshotRecord,
  type ProgressPosition,
  type SnapshotBegin,
  type SnapshotReason,
  type TopicNames,
} from '#libs/contracts';
import type { Policy } from '#libs/presence';
import type { TaskHandle } from '#libs/processing';

/** How often, and how much of it a batch takes. */
export interface SnapshotPace {
  /** Milliseconds from the beginning of one to the beginning of the next. */
  readonly everyMs: number;
  /** A batch writes at most so many users, and stops after so many characters. */
  readonly sliceUsers: number;
  readonly sliceLength: number;
}

export const DEFAULT_SNAPSHOT_PACE: SnapshotPace = { everyMs: 86_400_000, sliceUsers: 1_000, sliceLength: 512 * 1024 };

export interface SnapshotParts {
  readonly topics: TopicNames;
  readonly policy: Policy;
  readonly pace: Partial<SnapshotPace>;
  /** Of the partition: ids are dense from 0. */
  readonly users: {
    count(): number;
    userId(id: number): string;
    /** As they would be stored now. */
    registers(id: number): string;
  };
  /** Where the inputs stand now. */
  readonly positions: () => readonly ProgressPosition[];
}

/** A snapshot under way. */
class Cut {
  /** Users before it are written. */
  next = 0;
  isBegun = false;
  /** Users behind `next` that were written early, because they were about to change. */
  readonly preserved: Uint8Array;

  constructor(readonly begin: SnapshotBegin) {
    this.preserved = new Uint8Array(begin.users);
  }
}

export class PartitionSnapshots {
  readonly #pace: SnapshotPace;
  /** The last whole one. */
  #last: SnapshotBegin | undefined;
  #losses = 0;
  #nextMs = Infinity;
  #cut: Cut | undefined;

  constructor(
    private readonly handle: TaskHandle,
    private readonly parts: SnapshotParts,
  ) {
    this.#pace = { ...DEFAULT_SNAPSHOT_PACE, ...parts.pace };
  }

  /** Take-over: what the owner before kept of the last whole one. */
  restore(text: string): void {
    const decoded = decodeSnapshotRecord(text, SNAPSHOT_KEY);
    if (!decoded.ok || decoded.record.kind !== 'begin') {
      throw new Error(
        `the last snapshot's record cannot be read: ${decoded.ok ? decoded.record.kind : decoded.reason}`,
      );
    }
    this.#last = decoded.record;
  }

  /** Everything is restored, nothing taken yet: begins one here, if what was before does not lead to what is now. */
  start({ losses, nowMs }: { readonly losses: number; readonly nowMs: number }): void {
    this.#losses = losses;
    const reason = this.#reasonNow(nowMs);
    if (reason !== undefined) this.#cutHere(reason, nowMs);
    else this.#nextMs = this.#last!.atMs + this.#pace.everyMs;
  }

  /** When a batch should end for its sake; Infinity = not soon. Nothing is written of a partition that never had a user. */
  get dueMs(): number {
    if (this.#cut === undefined) return this.#nextMs;
    return this.#cut.begin.users === 0 && !this.#cut.isBegun ? Infinity : -Infinity;
  }

  /** The user is about to change: what a snapshot under way must hold of it is written now. Cheap when there is none. */
  preserve(id: number): void {
    const cut = this.#cut;
    if (cut === undefined || id >= cut.begin.users || id < cut.next || cut.preserved[id] === 1) return;
    this.#begin(cut);
    cut.preserved[id] = 1;
    this.#writeUser(id);
  }

  /** The batch ends: another piece of the one under way, or the beginning of the next. */
  flush(nowMs: number): void {
    if (this.#cut !== undefined) this.#writePiece(this.#cut, nowMs);
    else if (nowMs >= this.#nextMs) this.#begin(this.#cutHere('due', nowMs));
  }

  #reasonNow(nowMs: number): SnapshotReason | undefined {
    const last = this.#last;
    const { users, policy } = this.parts;
    const positions = this.parts.positions();
    if (last === undefined) return isUntaken(positions) && users.count() > 0 ? 'moved' : 'first';
    if (positions.some(({ nextOffset }, input) => nextOffset < last.inputs[input]!.nextOffset)) return 'moved';
    if (isUntaken(positions) && users.count() > last.users) return 'moved';
    if (this.#losses > last.losses) return 'loss';
    if (!isSame(policy, last.policy)) return 'policy';
    return nowMs >= last.atMs + this.#pace.everyMs ? 'due' : undefined;
  }

  #cutHere(reason: SnapshotReason, nowMs: number): Cut {
    const { users, policy, positions } = this.parts;
    const atMs = Math.floor(nowMs);
    this.#cut = new Cut({
      kind: 'begin',
      atMs,
      reason,
      inputs: positions(),
      users: users.count(),
      policy,
      losses: this.#losses,
    });
    this.#nextMs = atMs + this.#pace.everyMs;
    return this.#cut;
  }

  #begin(cut: Cut): void {
    if (cut.isBegun) return;
    cut.isBegun = true;
    this.handle.write(this.parts.topics.snapshots, SNAPSHOT_KEY, encodeSnapshotRecord(cut.begin));
  }

  #writePiece(cut: Cut, nowMs: number): void {
    this.#begin(cut);
    const { users } = cut.begin;
    let length = 0;
    for (let left = this.#pace.sliceUsers; left > 0 && cut.next < users && length < this.#pace.sliceLength;) {
      const id = cut.next;
      cut.next += 1;
      if (cut.preserved[id] === 1) continue;
      length += this.#writeUser(id);
      left -= 1;
    }
    if (cut.next === users) this.#end(cut, nowMs);
  }

  #writeUser(id: number): number {
    const { topics, users } = this.parts;
    const text = users.registers(id);
    this.handle.write(topics.snapshots, users.userId(id), text);
    return text.length;
  }

  #end({ begin }: Cut, nowMs: number): void {
    const { snapshots, registers } = this.parts.topics;
    this.#cut = undefined;
    this.#last = begin;
    this.#nextMs = Math.max(this.#nextMs, nowMs);
    this.handle.write(
      snapshots,
      SNAPSHOT_KEY,
      encodeSnapshotRecord({ kind: 'end', atMs: begin.atMs, users: begin.users }),
    );
    this.handle.write(registers, SNAPSHOT_KEY, encodeSnapshotRecord(begin));
  }
}

function isUntaken(positions: readonly ProgressPosition[]): boolean {
  return positions.every(({ nextOffset }) => nextOffset === 0);
}

function isSame(one: Policy, other: Policy): boolean {
  return (Object.keys(one) as (keyof Policy)[]).every((name) => one[name] === other[name]);
}
