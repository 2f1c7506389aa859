// What the command line says when it does not do what was asked: one sentence that says what to do, and an exit code. Whatever
// else is thrown is a fault of ours and shows its stack.
import {
  LogForbiddenError,
  LogHeldError,
  LogUnavailableError,
  RecordTooLargeError,
  TopicMismatchError,
  UnknownTopicError,
} from '#libs/event-log';
import { ConfigurationError, missingRight } from '#libs/runtime';

export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    sentence: string,
    readonly exitCode: number = 1,
  ) {
    super(sentence);
  }
}

const told = [LogUnavailableError, RecordTooLargeError, TopicMismatchError, ConfigurationError];

/** What to print for an error, and the exit code. */
export function explain(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof Failure) return { text: error.message, exitCode: error.exitCode };
  if (error instanceof LogHeldError) return { text: `${error.message}. Stop that server first.`, exitCode: 1 };
  if (error instanceof LogForbiddenError) return { text: missingRight(error), exitCode: 1 };
  if (error instanceof UnknownTopicError) {
    return { text: `${error.message}. This command creates what is missing: rollcall topics create`, exitCode: 1 };
  }
  if (told.some((kind) => error instanceof kind)) return { text: (error as Error).message, exitCode: 1 };
  return { text: textOf(error), exitCode: 1 };
}

/** Native code and other realms (a worker, jest) throw errors that are no `Error` of ours, and some throw no error at all. */
function textOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return `A fault without a stack: ${String(error)}`;
  const { stack, message, name, code } = error as Partial<Record<'stack' | 'message' | 'name' | 'code', unknown>>;
  if (typeof stack === 'string' && stack !== '') return stack;
  if (typeof message === 'string' && message !== '') return `${typeof name === 'string' ? name : 'Error'}: ${message}`;
  if (typeof code === 'string') return `A fault without a message: ${code}`;
  try {
    return `A fault without a message: ${JSON.stringify(error)}`;
  } catch {
    return 'A fault without a message, which cannot be printed';
  }
}
