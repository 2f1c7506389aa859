// What the fan-out knows of every user by number, computed once: partitions, and the name as bytes of JSON. Invariant: what
// was not computed yet reads as zero, and `compute` makes all of it at once. For the hot path: no map, no hash, no string;
// the names lie one after the other in one pool, and what finds a name lies beside it: one look into memory, not three.
import { frameRecipient } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import type { Interner } from '#libs/interest';

export interface PartitionCounts {
  readonly changes: number;
  readonly deliveries: number;
}

const FIRST_USERS = 1024;
const FIRST_POOL_BYTES = 1 << 16;

export class UserColumns {
  /** Two integers a user: where the quoted name and a comma begin in `pool`; and their bytes << 16 | the partition of deliveries. */
  rows = new Uint32Array(2 * FIRST_USERS);
  pool = new DataView(new ArrayBuffer(FIRST_POOL_BYTES));
  /** Partition of changes, plus 1. */
  #change = new Uint16Array(FIRST_USERS);
  #poolUsed = 0;

  constructor(
    private readonly users: Interner,
    private readonly log: Pick<EventLog, 'partitionOf'>,
    readonly counts: PartitionCounts,
  ) {}

  /** Where this user's own changes are. */
  changePartition(user: number): number {
    if ((this.#change[user] ?? 0) === 0) this.compute(user);
    return (this.#change[user] as number) - 1;
  }

  /** Fills a user's row; `rows[2 * user + 1]` is 0 until then. */
  compute(user: number): void {
    if (user >= this.#change.length) this.#grow(user + 1);
    const name = this.users.nameOf(user);
    const quoted = `${frameRecipient(name)},`;
    const bytes = Buffer.byteLength(quoted);
    this.#reserve(bytes);
    Buffer.from(this.pool.buffer).write(quoted, this.#poolUsed);
    this.rows[2 * user] = this.#poolUsed;
    this.rows[2 * user + 1] = (bytes << 16) | this.log.partitionOf(name, this.counts.deliveries);
    this.#poolUsed += bytes;
    this.#change[user] = this.log.partitionOf(name, this.counts.changes) + 1;
  }

  #reserve(bytes: number): void {
    const needed = this.#poolUsed + bytes;
    if (needed <= this.pool.byteLength) return;
    const grown = new Uint8Array(Math.max(needed, this.pool.byteLength + (this.pool.byteLength >> 1)));
    grown.set(new Uint8Array(this.pool.buffer, 0, this.#poolUsed));
    this.pool = new DataView(grown.buffer);
  }

  #grow(needed: number): void {
    const capacity = Math.max(needed, this.#change.length + (this.#change.length >> 1));
    const change = new Uint16Array(capacity);
    change.set(this.#change);
    this.#change = change;
    const rows = new Uint32Array(2 * capacity);
    rows.set(this.rows);
    this.rows = rows;
  }
}
