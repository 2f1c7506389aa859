// Nest's transport strategy over the event-log port: one handler call per batch, awaited. Invariant: within a subscription
// owner calls and batches happen in the order in which the log made them, and a handler's failure ends the process with its
// cause, never silently. It stands apart because the stock transporter handles one message at a time and hides failures.

import type { EventLog, RecordBatch } from '#libs/event-log';
import { BaseRpcContext, Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Journal } from '../observing/journal.js';
import type { Supervisor } from '../supervisor.js';
import { OrderedLine } from './ordered-line.js';
import type { GroupSubscription, LogSubscriptions, TailSubscription } from './subscriptions.js';

export interface EventLogServerOptions {
  readonly log: EventLog;
  readonly subscriptions: LogSubscriptions;
  readonly supervisor: Supervisor;
  readonly journal: Journal;
}

type BatchHandler = (batch: RecordBatch) => Promise<void>;

export class EventLogServer extends Server implements CustomTransportStrategy {
  override readonly propagatesEventHandlerErrors = true;
  readonly #closers: (() => Promise<void>)[] = [];
  #closing: Promise<void> | undefined;

  constructor(private readonly options: EventLogServerOptions) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    this.#connect().then(() => {
      callback();
    }, callback);
  }

  /** Leaves the groups and closes the tails, the last connected first. Also called by Nest; the second call gets the first one's promise. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  on(): never {
    throw new Error('the event log has no events of its own; owners of subscriptions are told');
  }

  unwrap<T>(): T {
    return this.options.log as T;
  }

  async #connect(): Promise<void> {
    const subscriptions = this.options.subscriptions.close();
    for (const subscription of subscriptions) {
      if (subscription.kind === 'group') await this.#join(subscription.group);
      else await this.#follow(subscription.tail);
    }
  }

  async #join(subscription: GroupSubscription): Promise<void> {
    const { group, owner } = subscription;
    const handlers = this.#handlersOf(subscription.topics);
    const line = new OrderedLine((error) => {
      this.options.supervisor.giveUp(asError(error));
    });
    const member = await this.options.log.join({
      group,
      topics: [...subscription.topics.keys()],
      early: subscription.early ?? false,
      onAssigned: (partitions) => {
        line.push(() => {
          owner.assigned(partitions);
        });
      },
      onRevoked: (partitions) => {
        line.push(() => {
          owner.revoked(partitions);
        });
      },
      onBatch: (batch) => {
        line.push(() => handlers.get(batch.topic)?.(batch));
      },
      onError: (error, fatal) => {
        owner.failed(error, fatal);
        this.#tell(`group ${group}`, error, fatal);
      },
    });
    this.#closers.push(async () => {
      await member.leave();
      await line.idle();
    });
    owner.joined(member);
    line.open();
  }

  async #follow(subscription: TailSubscription): Promise<void> {
    const { name, owner } = subscription;
    const handlers = this.#handlersOf(subscription.topics);
    const tail = await this.options.log.tail({
      topics: await owner.startAt(),
      onBatch: (batch) => handlers.get(batch.topic)?.(batch),
      onError: (error, fatal) => {
        owner.failed?.(error, fatal);
        this.#tell(`tail ${name}`, error, fatal);
      },
    });
    this.#closers.push(() => tail.close());
    owner.opened?.(tail);
  }

  /** Every topic's handler, or a refusal to listen: a topic that nobody handles would be lost without a word. */
  #handlersOf(topics: ReadonlyMap<string, string>): ReadonlyMap<string, BatchHandler> {
    const handlers = new Map<string, BatchHandler>();
    for (const [topic, pattern] of topics) {
      const handler = this.getHandlerByPattern(pattern);
      if (handler === null)
        throw new Error(`no handler has the pattern ${pattern}, which topic ${topic} is subscribed with`);
      const context = new BaseRpcContext([topic]);
      handlers.set(topic, async (batch) => {
        const result: unknown = await handler(batch, context);
        if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
      });
    }
    return handlers;
  }

  #tell(reader: string, error: Error, fatal: boolean): void {
    if (fatal) this.options.supervisor.giveUp(error);
    else this.options.journal.warn(`${reader}: ${error.message}; it goes on by itself`);
  }

  async #close(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
