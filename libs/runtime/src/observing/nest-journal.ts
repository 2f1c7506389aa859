// Nest's own lines in our journal. Invariant: what Nest tells about its wiring is debug, not news: an operator's log
// holds what the engine does, and one line when it serves. A start that fails is told once, by the frame that caught it.

import type { LoggerService } from '@nestjs/common';
import type { Journal } from './journal.js';

const WIRING = new Set([
  'ExceptionHandler',
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
  'NestMicroservice',
  'LegacyRouteConverter',
]);

export class NestJournal implements LoggerService {
  constructor(private readonly journal: Journal) {}

  log(message: unknown, ...rest: unknown[]): void {
    const { part, fields } = readRest(rest);
    const journal = this.journal.child(part);
    if (WIRING.has(part)) journal.debug(textOf(message), fields);
    else journal.info(textOf(message), fields);
  }

  error(message: unknown, ...rest: unknown[]): void {
    const { part, fields } = readRest(rest);
    const error = message instanceof Error ? { error: message } : {};
    const journal = this.journal.child(part);
    if (WIRING.has(part)) journal.debug(textOf(message), { ...fields, ...error });
    else journal.error(textOf(message), { ...fields, ...error });
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.error(message, ...rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    const { part, fields } = readRest(rest);
    this.journal.child(part).warn(textOf(message), fields);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    const { part, fields } = readRest(rest);
    this.journal.child(part).debug(textOf(message), fields);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.debug(message, ...rest);
  }
}

/** Nest passes its context last, and for errors a stack before it. */
function readRest(rest: readonly unknown[]): { readonly part: string; readonly fields: Record<string, unknown> } {
  const last = rest.at(-1);
  const part = typeof last === 'string' ? last : 'Nest';
  const more = (typeof last === 'string' ? rest.slice(0, -1) : rest).filter((item) => item !== undefined);
  return { part, fields: more.length === 0 ? {} : { more } };
}

function textOf(message: unknown): string {
  if (message instanceof Error) return message.message;
  return typeof message === 'string' ? message : JSON.stringify(message);
}
