// Waiting until a view has got somewhere, in bounded time. Invariant: a wait ends exactly once, and neither its listener on
// the signal nor its place in the list outlives it.

/** `reached`: it is so now. `late`: the signal ended the wait. */
export type Waited = 'reached' | 'late';

interface Waiter {
  readonly isReached: () => boolean;
  readonly onReached: () => void;
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
        leave();
        resolve('late');
      };
      const leave = this.add(isReached, () => {
        signal.removeEventListener('abort', abandon);
        resolve('reached');
      });
      signal.addEventListener('abort', abandon, { once: true });
    });
  }

  /** Calls back once when it is so, at the next look at the earliest; what is returned ends the wait. */
  add(isReached: () => boolean, onReached: () => void): () => void {
    const waiter: Waiter = { isReached, onReached };
    this.#waiters.add(waiter);
    return () => {
      this.#waiters.delete(waiter);
    };
  }

  /** To be called whenever something that is waited for may have come. */
  look(): void {
    for (const waiter of this.#waiters) {
      if (!waiter.isReached()) continue;
      this.#waiters.delete(waiter);
      waiter.onReached();
    }
  }
}
