// The global module of every process: what apps' modules may inject without opening it. Invariant: instances are made by
// the frame before Nest starts, so that a refusal can be told and a half-built process stopped in order.

import type { Clock } from '#libs/event-log';
import { Module, type DynamicModule } from '@nestjs/common';
import type { Configuration } from './configuration/configuration.js';
import { HealthRegistry } from './observing/health.js';
import { Journal } from './observing/journal.js';
import { LagWatch } from './observing/lag-watch.js';
import { Metrics } from './observing/metrics.js';
import { Tracing } from './observing/tracing.js';
import { OperationsController } from './operations.controller.js';
import { ShutdownSequence } from './shutdown.js';
import { Supervisor } from './supervisor.js';
import { CLOCK, CONFIGURATION } from './tokens.js';
import { LogSubscriptions } from './transport/subscriptions.js';

export interface Surroundings {
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly health: HealthRegistry;
  readonly lag: LagWatch;
  readonly shutdown: ShutdownSequence;
  readonly supervisor: Supervisor;
  readonly subscriptions: LogSubscriptions;
}

@Module({})
export class RuntimeModule {
  static with(surroundings: Surroundings): DynamicModule {
    const providers = [
      { provide: CONFIGURATION, useValue: surroundings.configuration },
      { provide: CLOCK, useValue: surroundings.clock },
      { provide: Journal, useValue: surroundings.journal },
      { provide: Metrics, useValue: surroundings.metrics },
      { provide: Tracing, useValue: surroundings.tracing },
      { provide: HealthRegistry, useValue: surroundings.health },
      { provide: LagWatch, useValue: surroundings.lag },
      { provide: ShutdownSequence, useValue: surroundings.shutdown },
      { provide: Supervisor, useValue: surroundings.supervisor },
      { provide: LogSubscriptions, useValue: surroundings.subscriptions },
    ];
    return { module: RuntimeModule, global: true, controllers: [OperationsController], providers, exports: providers };
  }
}
