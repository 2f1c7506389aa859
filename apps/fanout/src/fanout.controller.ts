// The Nest handlers of what the fan-out reads, one call per batch. Invariant: the handler of changes only queues; the one of
// memberships waits until its effects are being sent, so that a flood of joins waits in the log.
import type { RecordBatch } from '#libs/event-log';
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { Fanout } from './fanout.js';

export const CHANGES_PATTERN = 'fanout.changes';
export const STATES_PATTERN = 'fanout.states';
export const ROOMS_PATTERN = 'fanout.rooms';
export const MEMBERSHIPS_PATTERN = 'fanout.memberships';

@Controller()
export class FanoutController {
  constructor(private readonly fanout: Fanout) {}

  @EventPattern<string>(CHANGES_PATTERN)
  changes(@Payload() batch: RecordBatch): void {
    this.fanout.takeChanges(batch);
  }

  @EventPattern<string>(STATES_PATTERN)
  async states(@Payload() batch: RecordBatch): Promise<void> {
    await this.fanout.takeStates(batch);
  }

  @EventPattern<string>(ROOMS_PATTERN)
  rooms(@Payload() batch: RecordBatch): void {
    this.fanout.takeRooms(batch);
  }

  @EventPattern<string>(MEMBERSHIPS_PATTERN)
  async memberships(@Payload() batch: RecordBatch): Promise<void> {
    await this.fanout.takeMemberships(batch);
  }
}
