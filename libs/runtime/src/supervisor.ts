// Who ends the process when it cannot go on: the one place to say so. Invariant: giving up is an ordered shutdown with exit
// code 1 and one sentence naming the cause, never an uncaught throw somewhere in a callback.

import { LogForbiddenError } from '#libs/event-log';
import type { Journal } from './observing/journal.js';
import { missingRight } from './topics.js';

/** Injected by its class. */
export class Supervisor {
  #reason: Error | undefined;
  #listener: ((reason: Error) => void) | undefined;

  constructor(private readonly journal: Journal) {}

  /** The process cannot go on: tells why and begins the ordered shutdown. Only the first reason counts. */
  giveUp(reason: Error): void {
    if (this.#reason !== undefined) {
      this.journal.warn(`also: ${reason.message}`);
      return;
    }
    this.#reason = reason;
    if (reason instanceof LogForbiddenError) this.journal.error(`cannot go on: ${missingRight(reason)}`);
    else this.journal.error(`cannot go on: ${reason.message}`, { error: reason });
    this.#listener?.(reason);
  }

  /** For the process's frame: called at once if it has already happened. */
  onGivenUp(listener: (reason: Error) => void): void {
    this.#listener = listener;
    if (this.#reason !== undefined) listener(this.#reason);
  }

  get reason(): Error | undefined {
    return this.#reason;
  }
}
