// Runs steps one after the other in the order given; a step that is synchronous costs no turn of the loop. Invariant: no step
// starts before the one before it has ended, and after a failed step nothing runs any more. It stands apart because
// Nest's handlers are asynchronous even when they only enqueue, and the log's calls must not overtake each other.

export type Step = () => void | Promise<void>;

export class OrderedLine {
  #waiting: Step[] = [];
  #state: 'held' | 'idle' | 'busy' | 'broken' = 'held';
  #whenIdle: (() => void)[] = [];

  constructor(private readonly onFailure: (error: unknown) => void) {}

  /** Steps wait until then. */
  open(): void {
    if (this.#state !== 'held') return;
    this.#state = 'idle';
    this.#run();
  }

  push(step: Step): void {
    if (this.#state === 'broken') return;
    this.#waiting.push(step);
    if (this.#state === 'idle') this.#run();
  }

  /** Resolves when nothing waits and nothing runs (at once if the line is broken). */
  idle(): Promise<void> {
    if (this.#state === 'broken' || (this.#state !== 'busy' && this.#waiting.length === 0)) return Promise.resolve();
    return new Promise((resolve) => this.#whenIdle.push(resolve));
  }

  #run(): void {
    this.#state = 'busy';
    for (let step = this.#waiting.shift(); step !== undefined; step = this.#waiting.shift()) {
      let pending: void | Promise<void>;
      try {
        pending = step();
      } catch (error) {
        this.#break(error);
        return;
      }
      if (pending !== undefined) {
        pending.then(
          () => {
            this.#run();
          },
          (error: unknown) => {
            this.#break(error);
          },
        );
        return;
      }
    }
    this.#state = 'idle';
    this.#tellIdle();
  }

  #break(error: unknown): void {
    this.#state = 'broken';
    this.#waiting = [];
    this.#tellIdle();
    this.onFailure(error);
  }

  #tellIdle(): void {
    const listeners = this.#whenIdle;
    this.#whenIdle = [];
    for (const listener of listeners) listener();
  }
}
