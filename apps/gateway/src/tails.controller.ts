// The gateway's readers as Nest handlers, one call per batch. Invariant: states, rooms, deliveries and commands are tails of
// their own: none waits for a flood in another.
import { Controller, Inject } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import type { RecordBatch } from '#libs/event-log';
import type { LogSubscriptions } from '#libs/runtime';
import { Gateway } from './gateway.js';

const BATCH = 'gateway.batch';

@Controller()
export class TailsController {
  constructor(@Inject(Gateway) private readonly gateway: Gateway) {}

  @EventPattern<string>(BATCH)
  take(@Payload() batch: RecordBatch): void {
    this.gateway.take(batch);
  }
}

export function subscribe(gateway: Gateway, subscriptions: LogSubscriptions): void {
  for (const { name, topics, startAt } of gateway.tails()) {
    subscriptions.tail({
      name: `gateway ${name}`,
      topics: new Map(topics.map((topic) => [topic, BATCH])),
      owner: { startAt },
    });
  }
}
