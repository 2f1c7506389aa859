// The aggregator in a Nest process: its inputs through the transport strategy, its end in the order of shutdown.
// Invariant: what is folded is committed before the group is left.
import { topicNames } from '#libs/contracts';
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
  Tracing,
  type Configuration,
} from '#libs/runtime';
import { Inject, Module } from '@nestjs/common';
import { ACTIVITY_PATTERN, AggregatorController, COMMANDS_PATTERN } from './aggregator.controller.js';
import { Aggregator } from './aggregator.js';
import { AggregatorWatch, positionsOf, watchHealth, watchTimers } from './watching.js';

const aggregator = {
  provide: Aggregator,
  inject: [EVENT_LOG, CLOCK, CONFIGURATION, Metrics, Journal, LagWatch, Tracing],
  useFactory: (
    log: EventLog,
    clock: Clock,
    configuration: Configuration,
    ...watching: [Metrics, Journal, LagWatch, Tracing]
  ): Aggregator => {
    const { topics, policy, aggregator: its } = configuration;
    const [metrics, journal, lag, tracing] = watching;
    const watch = new AggregatorWatch(metrics, journal.child('aggregator'));
    const made = new Aggregator({
      log,
      clock,
      policy,
      topics: topicNames(topics.prefix),
      prefix: topics.prefix,
      acceptLoss: its.acceptLoss,
      snapshots: { everyMs: its.snapshotEveryMs },
      // The embedded log itself gathers what is committed together, this task's with all others'.
      limits: configuration.kafka === undefined ? { pace: 0 } : {},
      observer: watch,
      traceStep: (traceparent, atMs) => tracing.step('presence fold', traceparent, atMs),
      onChanges: (partition, changes) => {
        watch.changed(partition, changes);
      },
    });
    watchTimers(metrics, made.host, clock);
    lag.watch({ part: 'aggregator', log, positions: () => positionsOf(made.host) });
    return made;
  },
};

@Module({ controllers: [AggregatorController], providers: [aggregator], exports: [Aggregator] })
export class AggregatorModule {
  constructor(
    @Inject(Aggregator) { host, options }: Aggregator,
    subscriptions: LogSubscriptions,
    shutdown: ShutdownSequence,
    health: HealthRegistry,
  ) {
    subscriptions.group({
      group: host.group,
      early: true,
      topics: new Map([
        [options.topics.activity, ACTIVITY_PATTERN],
        [options.topics.commands, COMMANDS_PATTERN],
      ]),
      owner: {
        joined: (member) => {
          host.joined(member);
        },
        assigned: (partitions) => {
          host.assigned(partitions);
        },
        revoked: (partitions) => {
          host.revoked(partitions);
        },
        failed: (error, fatal) => {
          host.memberFailed(error, fatal);
        },
      },
    });
    watchHealth(health, host, options.clock);
    shutdown.step('finish', 'aggregator', () => host.drain());
  }
}
