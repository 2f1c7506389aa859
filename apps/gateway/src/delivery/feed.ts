// What a poll or a stream reads, whoever it is for: presence events with the token that follows each. Invariant: after `take`
// the token stands behind everything taken; `changed` misses nothing that comes after a `take` in the same turn.
import type { SenderTest } from '#libs/matrix';

/** What the client's filter lets through. */
export interface Wanted {
  /** undefined = everybody. */
  readonly passes: SenderTest | undefined;
  /** At most so many events in one answer. */
  readonly limit: number;
}

export const EVERYTHING: Wanted = { passes: undefined, limit: Infinity };

export function isWanted(passes: Wanted['passes'], sender: string): boolean {
  return passes === undefined || passes(sender);
}

export interface Feed {
  /** The next events as JSON texts, oldest first. */
  take(wanted: Wanted): string[];
  /** The same one by one, each with the token behind it, until `tell` has enough. */
  each(passes: Wanted['passes'], tell: (text: string, token: string) => 'more' | 'enough'): void;
  token(): string;
  /** What it has not told yet is not all held any more: somebody must begin again from its token. `take` does so itself. */
  readonly isBehind: boolean;
  /** Resolves when there may be something to take, or with the signal. */
  changed(signal: AbortSignal): Promise<void>;
  /** Calls whenever there may be something to take, from now on; what is returned ends that. */
  listen(listener: () => void): () => void;
}

/** Resolves when `listen`'s listener is called or the signal fires, and leaves nothing behind. */
export function whenCalled(listen: (listener: () => void) => () => void, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      stopListening();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const stopListening = listen(finish);
    signal.addEventListener('abort', finish, { once: true });
  });
}
