// Asking for a time while the slider moves. Invariant: one question is under way at a time, and of those that wait only the newest is
// asked, so that dragging is as quick as the server and no old answer overtakes a new one.

export class Latest<T> {
  #waiting: { readonly wanted: T } | undefined;
  #running = false;

  constructor(private readonly run: (wanted: T) => Promise<void>) {}

  want(wanted: T): void {
    this.#waiting = { wanted };
    if (!this.#running) this.#next();
  }

  forget(): void {
    this.#waiting = undefined;
  }

  #next(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#running = waiting !== undefined;
    if (waiting === undefined) return;
    const goOn = (): void => {
      this.#next();
    };
    this.run(waiting.wanted).then(goOn, goOn);
  }
}
