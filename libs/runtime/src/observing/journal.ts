// What the process writes about itself: JSON lines on stderr (readable lines on a terminal), behind Nest's LoggerService as
// well. Invariant: no token, no status message, and no user id above debug ever reaches a line; every value passes `scrub`.

import type { LoggerService } from '@nestjs/common';
import { pino, type DestinationStream, type Logger as PinoLogger } from 'pino';
import type { LogLevel } from '../configuration/configuration.js';
import { NestJournal } from './nest-journal.js';
import { readableLines } from './readable-lines.js';
import { scrub, scrubText } from './scrub.js';

/** Values are scrubbed; `error` is written with its stack. User ids are written at debug only. */
export type Fields = Readonly<Record<string, unknown>>;

export interface JournalOptions {
  readonly level: LogLevel;
  /** Absent: stderr, readable on a terminal. */
  readonly destination?: DestinationStream;
}

/** What Nest-free classes take to write lines. Injected by its class; `child` names the part of the process that speaks. */
export class Journal {
  private constructor(
    private readonly pino: PinoLogger,
    readonly part: string,
  ) {}

  static open(options: JournalOptions): Journal {
    const destination = options.destination ?? standardError();
    const root = pino(
      { level: options.level, base: null, formatters: { level: (label) => ({ level: label }) } },
      destination,
    );
    return new Journal(root, 'process');
  }

  /** For tests and tools that want no lines. */
  static silent(): Journal {
    return Journal.open({ level: 'silent', destination: { write: () => undefined } });
  }

  debug(message: string, fields: Fields = {}): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields: Fields = {}): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields: Fields = {}): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields: Fields = {}): void {
    this.#write('error', message, fields);
  }

  child(part: string): Journal {
    return new Journal(this.pino, part);
  }

  /** For `app.useLogger`. */
  forNest(): LoggerService {
    return new NestJournal(this);
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', message: string, fields: Fields): void {
    if (!this.pino.isLevelEnabled(level)) return;
    const audience = level === 'debug' ? 'debug' : 'everyone';
    this.pino[level]({ part: this.part, ...(scrub(fields, audience) as Fields) }, scrubText(message, audience));
  }
}

function standardError(): DestinationStream {
  if (process.stderr.isTTY) return readableLines((line) => process.stderr.write(line));
  return pino.destination({ fd: 2, sync: true }).on('error', () => undefined);
}
