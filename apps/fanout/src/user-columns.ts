// What the fan-out knows of every user by number, computed once: partitions, and how the name looks in JSON. Invariant: a
// column that was not computed yet reads as zero; whoever asks makes it. It stands apart for the hot path: no map, no hash.
import type { EventLog } from '#libs/event-log';
import type { Interner } from '#libs/interest';

/** Names that JSON shows as they are, one byte a character. */
const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

export interface PartitionCounts {
  readonly changes: number;
  readonly deliveries: number;
}

export class UserColumns {
  /** Partition of deliveries, plus 1. */
  #delivery = new Uint16Array(0);
  /** Partition of changes, plus 1. */
  #change = new Uint16Array(0);
  /** Bytes of the name in JSON, quotes included; negative when it needs escapes. */
  #nameBytes = new Int16Array(0);

  constructor(
    private readonly users: Interner,
    private readonly log: Pick<EventLog, 'partitionOf'>,
    readonly counts: PartitionCounts,
  ) {}

  /** Where this user's own changes are. */
  changePartition(user: number): number {
    return (this.#change[user] || this.#compute(user, 'change')) - 1;
  }

  /** Where this user is told of others. */
  deliveryPartition(user: number): number {
    return (this.#delivery[user] || this.#compute(user, 'delivery')) - 1;
  }

  /** Bytes of the name as JSON. */
  quotedBytes(user: number): number {
    return Math.abs(this.#nameBytes[user] || this.#compute(user, 'nameBytes'));
  }

  /** The name as JSON. */
  quoted(user: number): string {
    const name = this.users.nameOf(user);
    return (this.#nameBytes[user] || this.#compute(user, 'nameBytes')) > 0 ? `"${name}"` : JSON.stringify(name);
  }

  #compute(user: number, wanted: 'change' | 'delivery' | 'nameBytes'): number {
    if (user >= this.#change.length) this.#grow(user + 1);
    const name = this.users.nameOf(user);
    const computed = {
      change: this.log.partitionOf(name, this.counts.changes) + 1,
      delivery: this.log.partitionOf(name, this.counts.deliveries) + 1,
      nameBytes: PLAIN.test(name) ? name.length + 2 : -Buffer.byteLength(JSON.stringify(name)),
    };
    this.#change[user] = computed.change;
    this.#delivery[user] = computed.delivery;
    this.#nameBytes[user] = computed.nameBytes;
    return computed[wanted];
  }

  #grow(needed: number): void {
    const capacity = Math.max(needed, this.#change.length + (this.#change.length >> 1), 1024);
    const change = new Uint16Array(capacity);
    change.set(this.#change);
    this.#change = change;
    const delivery = new Uint16Array(capacity);
    delivery.set(this.#delivery);
    this.#delivery = delivery;
    const nameBytes = new Int16Array(capacity);
    nameBytes.set(this.#nameBytes);
    this.#nameBytes = nameBytes;
  }
}
