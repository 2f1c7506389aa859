// Whose states and registers are to be written at the end of a batch. Invariant: each once, in the order of the first touch.

export class TouchedUsers {
  #ids: number[] = [];
  #isIn = new Uint8Array(1024);

  add(id: number): void {
    if (id >= this.#isIn.length) {
      const wider = new Uint8Array(id * 2);
      wider.set(this.#isIn);
      this.#isIn = wider;
    }
    if (this.#isIn[id] === 1) return;
    this.#isIn[id] = 1;
    this.#ids.push(id);
  }

  /** All of them; from then on none is. */
  take(): readonly number[] {
    const ids = this.#ids;
    this.#ids = [];
    for (const id of ids) this.#isIn[id] = 0;
    return ids;
  }
}
