// The fan-out in a Nest process: a group for changes and a tail for each table through the transport strategy, its end in the
// order of shutdown. Invariant: what was taken is told and committed before the group is left. Nothing is decided here.
import type { Clock, EventLog } from '#libs/event-log';
import {
  CLOCK,
  CONFIGURATION,
  EVENT_LOG,
  HealthRegistry,
  Journal,
  LagWatch,
  LogSubscriptions,
  Metrics,
  ShutdownSequence,
  Supervisor,
  Tracing,
  type Configuration,
  type PartPosition,
} from '#libs/runtime';
import { Inject, Module } from '@nestjs/common';
import {
  CHANGES_PATTERN,
  FanoutController,
  MEMBERSHIPS_PATTERN,
  ROOMS_PATTERN,
  STATES_PATTERN,
} from './fanout.controller.js';
import { Fanout } from './fanout.js';
import { meterOf } from './meters.js';

const fanout = {
  provide: Fanout,
  inject: [EVENT_LOG, CLOCK, CONFIGURATION, Metrics, Journal, Supervisor, LagWatch, Tracing],
  useFactory: async (
    log: EventLog,
    clock: Clock,
    configuration: Configuration,
    ...rest: [Metrics, Journal, Supervisor, LagWatch, Tracing]
  ): Promise<Fanout> => {
    const [metrics, journal, supervisor, lag, tracing] = rest;
    const made = await Fanout.open({
      log,
      clock,
      prefix: configuration.topics.prefix,
      limits: configuration.fanout,
      lines: journal.child('fanout'),
      meter: meterOf(metrics),
      traceStep: (traceparent, atMs) => tracing.step('presence tell', traceparent, atMs),
      onFatal: (error) => {
        supervisor.giveUp(error);
      },
    });
    lag.watch({ part: 'fanout', log, positions: () => positionsOf(made) });
    return made;
  },
};

@Module({ controllers: [FanoutController], providers: [fanout], exports: [Fanout] })
export class FanoutModule {
  constructor(
    @Inject(Fanout) private readonly fanout: Fanout,
    subscriptions: LogSubscriptions,
    shutdown: ShutdownSequence,
    health: HealthRegistry,
  ) {
    const { topics } = fanout.options;
    this.#follow(subscriptions, topics.states, STATES_PATTERN);
    this.#follow(subscriptions, topics.rooms, ROOMS_PATTERN);
    this.#follow(subscriptions, topics.memberships, MEMBERSHIPS_PATTERN);
    this.#join(subscriptions);
    health.readiness('fanout', () => fanout.fault());
    shutdown.step('finish', 'fanout', () => fanout.finish());
  }

  /** From its start, by a tail of its own: a flood in one topic keeps nobody waiting for another. */
  #follow(subscriptions: LogSubscriptions, topic: string, pattern: string): void {
    subscriptions.tail({
      name: topic,
      topics: new Map([[topic, pattern]]),
      owner: { startAt: () => new Map([[topic, 'start']]) },
    });
  }

  #join(subscriptions: LogSubscriptions): void {
    const { fanout } = this;
    const { group, topics, lines } = fanout.options;
    subscriptions.group({
      group,
      topics: new Map([[topics.changes, CHANGES_PATTERN]]),
      owner: {
        joined: (member) => {
          fanout.joined(member);
          fanout.start();
        },
        assigned: (partitions) => {
          fanout.assigned(partitions);
        },
        revoked: (partitions) => {
          fanout.revoked(partitions);
        },
        failed: (error, fatal) => {
          if (!fatal) lines.warn('the group of the fan-out had to try again', { error });
        },
      },
    });
  }
}

function* positionsOf({ tasks, options }: Fanout): Iterable<PartPosition> {
  for (const { partition, state, nextChange } of tasks.values())
    if (state === 'live') yield { topic: options.topics.changes, partition, nextOffset: nextChange };
}
