// Nest's transport strategy over the event-log port: one handler call per batch, awaited. Invariant: within a subscription
// owner calls and batches happen in the order in which the log made them, and a handler's failure ends the process
// with its cause, never silently. It stands apart because the stock transporter handles one message at a time and hides failures.

import type { EventLog } from '#libs/event-log';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Journal } from '../observing/journal.js';
import type { Supervisor } from '../supervisor.js';
import type { LogSubscriptions } from './subscriptions.js';

export interface EventLogServerOptions {
  readonly log: EventLog;
  readonly subscriptions: LogSubscriptions;
  readonly supervisor: Supervisor;
  readonly journal: Journal;
}

export class EventLogServer extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;

  constructor(private readonly options: EventLogServerOptions) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    void this.options;
    callback(new Error('not yet'));
  }

  async close(): Promise<void> {}

  on(): never {
    throw new Error('the event log has no events of its own; owners of subscriptions are told');
  }

  unwrap<T>(): T {
    return this.options.log as T;
  }
}
