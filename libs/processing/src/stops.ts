// Why a task does not go on until a person has looked at it. Invariant: the message names the record or the range, so
// that the person need not search. Everything else that fails is tried again, from the fence.
import type { LostRange } from './progress.js';

/** The task stopped for a reason that trying again does not mend. */
export class TaskStoppedError extends Error {
  override readonly name: string = 'TaskStoppedError';
}

/** Retention took inputs before they were folded. */
export class InputLostError extends TaskStoppedError {
  override readonly name = 'InputLostError';

  constructor(
    readonly ranges: readonly LostRange[],
    sentence: string,
  ) {
    super(sentence);
  }
}

/** The fold threw at a record or timer: a bug. */
export class CannotProcessError extends TaskStoppedError {
  override readonly name = 'CannotProcessError';
}

/** A record that cannot be decoded, where policy says `stop`. */
export class CannotDecodeError extends TaskStoppedError {
  override readonly name = 'CannotDecodeError';
}

/** The task was closed while a step was under way; nobody needs to be told. */
export class AbandonedError extends Error {
  override readonly name = 'AbandonedError';
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** A transactor that failed may fail to close; there is nothing left of it to lose. */
export async function quietly(closing: Promise<void>): Promise<void> {
  try {
    await closing;
  } catch {
    // Nothing is lost: what it had committed is in the log, what it had not is thrown away.
  }
}
