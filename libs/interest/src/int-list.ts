// A list of integers that is filled again and again without allocating. Invariant: the first `length` of `items` are valid;
// `items` is replaced when it grows, so nobody keeps it across a push.

export class IntList {
  items = new Int32Array(64);
  length = 0;

  push(item: number): void {
    if (this.length === this.items.length) this.reserve(this.length + 1);
    this.items[this.length++] = item;
  }

  reserve(capacity: number): void {
    if (capacity <= this.items.length) return;
    const grown = new Int32Array(Math.max(capacity, this.items.length * 2));
    grown.set(this.items.subarray(0, this.length));
    this.items = grown;
  }

  clear(): void {
    this.length = 0;
  }

  /** A copy of what is valid now. */
  taken(): Int32Array {
    return this.items.slice(0, this.length);
  }
}
