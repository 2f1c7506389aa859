// What the process writes about itself: JSON lines on stderr (readable lines on a terminal), behind Nest's LoggerService as
// well. Invariant: no token, no status message, and no user id above debug ever reaches a line; every value passes `scrub`.

import type { LoggerService } from '@nestjs/common';

/** Values are scrubbed; `error` is written with its stack. User ids go under `userId` and are kept at debug only. */
export type Fields = Readonly<Record<string, unknown>>;

/** What Nest-free classes take to write lines. Injected by its class; `child` names the part of the process that speaks. */
export abstract class Journal {
  abstract debug(message: string, fields?: Fields): void;
  abstract info(message: string, fields?: Fields): void;
  abstract warn(message: string, fields?: Fields): void;
  abstract error(message: string, fields?: Fields): void;
  abstract child(part: string): Journal;
  /** For `app.useLogger`. */
  abstract forNest(): LoggerService;
}
