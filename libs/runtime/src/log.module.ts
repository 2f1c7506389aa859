// EVENT_LOG for a whole process, opened by whichever adapter the app's module names. Invariant: the log is open and its
// topics have been looked at before anything that injects it exists, and it is closed last. Runtime knows no adapter.

import type { EventLog } from '#libs/event-log';
import { Module, type DynamicModule } from '@nestjs/common';
import { CONFIGURATION, EVENT_LOG } from './tokens.js';
import type { Configuration } from './configuration/configuration.js';
import { HealthRegistry } from './observing/health.js';
import { Journal } from './observing/journal.js';
import { logComplaint, watchLog } from './observing/log-watch.js';
import { Metrics } from './observing/metrics.js';
import { ShutdownSequence } from './shutdown.js';

export interface LogModuleOptions {
  readonly open: (configuration: Configuration, journal: Journal) => Promise<EventLog>;
  /** Creates or checks the topics; a throw refuses the start. */
  readonly prepare: (log: EventLog, configuration: Configuration) => Promise<void>;
}

@Module({})
export class LogModule {
  static with(options: LogModuleOptions): DynamicModule {
    const provider = {
      provide: EVENT_LOG,
      inject: [CONFIGURATION, Journal, ShutdownSequence, Metrics, HealthRegistry],
      useFactory: async (
        configuration: Configuration,
        journal: Journal,
        shutdown: ShutdownSequence,
        ...watching: [Metrics, HealthRegistry]
      ): Promise<EventLog> => {
        const [metrics, health] = watching;
        const log = await options.open(configuration, journal.child('log'));
        health.readiness('log', () => logComplaint(log));
        const unwatch = watchLog(log, metrics, journal.child('log'));
        shutdown.step('close', 'the log', () => {
          unwatch();
          return log.close();
        });
        await options.prepare(log, configuration);
        return log;
      },
    };
    return { module: LogModule, global: true, providers: [provider], exports: [provider] };
  }
}
