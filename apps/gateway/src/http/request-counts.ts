// Requests answered, by door and status. Invariant: counted once an answer; a request costs one look-up and no hashing of labels.
import type { GatewayMeters } from '../meters.js';

export class RequestCounts {
  readonly #counters = new Map<string, Map<number, { inc(): void }>>();

  constructor(private readonly requests: GatewayMeters['requests']) {}

  count(door: string, status: number): void {
    let ofDoor = this.#counters.get(door);
    if (ofDoor === undefined) this.#counters.set(door, (ofDoor = new Map<number, { inc(): void }>()));
    let counter = ofDoor.get(status);
    if (counter === undefined) ofDoor.set(status, (counter = this.requests.labels(door, String(status))));
    counter.inc();
  }
}
