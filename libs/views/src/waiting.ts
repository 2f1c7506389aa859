// Waiting until a view has got somewhere, in bounded time. Invariant: a wait ends exactly once, and neither its listener on
// the signal nor its place in the list outlives it.

/** `reached`: it is so now. `late`: the signal ended the wait. */
export type Waited = 'reached' | 'late';

interface Waiter {
  readonly isReached: () => boolean;
  readonly end: (outcome: Waited) => void;
}

export class Waiting {
  readonly #waiters = new Set<Waiter>();

  get size(): number {
    return this.#waiters.size;
  }

  until(isReached: () => boolean, signal: AbortSignal): Promise<Waited> {
    if (isReached()) return Promise.resolve('reached');
    if (signal.aborted) return Promise.resolve('late');
    return new Promise((resolve) => {
      const abandon = (): void => {
        waiter.end('late');
      };
      const waiter: Waiter = {
        isReached,
        end: (outcome) => {
          this.#waiters.delete(waiter);
          signal.removeEventListener('abort', abandon);
          resolve(outcome);
        },
      };
      this.#waiters.add(waiter);
      signal.addEventListener('abort', abandon, { once: true });
    });
  }

  /** To be called whenever something that is waited for may have come. */
  look(): void {
    for (const waiter of this.#waiters) if (waiter.isReached()) waiter.end('reached');
  }
}
