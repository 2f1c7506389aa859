// How far the brokers' clocks are from ours, at least: a record stamped by a broker was stamped between our asking and
// its answer, so a stamp outside of that span proves a difference. Invariant: slow networks never look like a difference.

export class ClockDifference {
  #largestMs = 0;

  get largestMs(): number {
    return this.#largestMs;
  }

  stamped(appendedMs: number, sentMs: number, receivedMs: number): void {
    const outsideMs = appendedMs > receivedMs ? appendedMs - receivedMs : sentMs - appendedMs;
    if (outsideMs > this.#largestMs) this.#largestMs = outsideMs;
  }

  /** Of a record that was read: it can only prove that the broker is ahead. */
  read(appendedMs: number, receivedMs: number): void {
    if (appendedMs - receivedMs > this.#largestMs) this.#largestMs = appendedMs - receivedMs;
  }
}
