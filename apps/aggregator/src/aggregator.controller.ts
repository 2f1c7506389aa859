// The Nest handlers of the aggregator's inputs: one call per batch, which only queues it. Invariant: nothing waits here.
import type { RecordBatch } from '#libs/event-log';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Aggregator } from './aggregator.js';

export const ACTIVITY_PATTERN = 'aggregator.activity';
export const COMMANDS_PATTERN = 'aggregator.commands';

@Controller()
export class AggregatorController {
  constructor(private readonly aggregator: Aggregator) {}

  @EventPattern<string>(ACTIVITY_PATTERN)
  activity(@Payload() batch: RecordBatch): void {
    this.aggregator.host.accept(batch);
  }

  @EventPattern<string>(COMMANDS_PATTERN)
  commands(@Payload() batch: RecordBatch): void {
    this.aggregator.host.accept(batch);
  }
}
