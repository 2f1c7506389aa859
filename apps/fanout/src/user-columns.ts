// What the fan-out knows of every user by number, computed once: partitions, and the name as bytes of JSON. Invariant: a
// column that was not computed yet reads as zero, and `compute` makes all of them at once. For the hot path: no map, no
// hash, no string; the names lie one after the other in one pool.
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
  /** Partition of deliveries, plus 1. */
  delivery = new Uint16Array(FIRST_USERS);
  /** Where the quoted name begins in `pool`. */
  nameAt = new Uint32Array(FIRST_USERS);
  /** Bytes of the quoted name. */
  nameBytes = new Uint16Array(FIRST_USERS);
  pool = Buffer.allocUnsafe(FIRST_POOL_BYTES);
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

  /** Fills a user's row; `delivery[user]` is 0 until then. */
  compute(user: number): void {
    if (user >= this.delivery.length) this.#grow(user + 1);
    const name = this.users.nameOf(user);
    const quoted = frameRecipient(name);
    const bytes = Buffer.byteLength(quoted);
    this.#reserve(bytes);
    this.pool.write(quoted, this.#poolUsed);
    this.nameAt[user] = this.#poolUsed;
    this.nameBytes[user] = bytes;
    this.#poolUsed += bytes;
    this.#change[user] = this.log.partitionOf(name, this.counts.changes) + 1;
    this.delivery[user] = this.log.partitionOf(name, this.counts.deliveries) + 1;
  }

  #reserve(bytes: number): void {
    const needed = this.#poolUsed + bytes;
    if (needed <= this.pool.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.pool.length + (this.pool.length >> 1)));
    this.pool.copy(grown, 0, 0, this.#poolUsed);
    this.pool = grown;
  }

  #grow(needed: number): void {
    const capacity = Math.max(needed, this.delivery.length + (this.delivery.length >> 1));
    this.delivery = extended(this.delivery, new Uint16Array(capacity));
    this.nameBytes = extended(this.nameBytes, new Uint16Array(capacity));
    this.#change = extended(this.#change, new Uint16Array(capacity));
    const nameAt = new Uint32Array(capacity);
    nameAt.set(this.nameAt);
    this.nameAt = nameAt;
  }
}

function extended<B extends ArrayBuffer>(column: Uint16Array<B>, larger: Uint16Array<B>): Uint16Array<B> {
  larger.set(column);
  return larger;
}
