// The frame of a process: surroundings → Nest → subscriptions → HTTP → ready, and back in the order of shutdown.ts.
// Invariant: whatever fails on the way up, what was opened is closed again in order, and the caller gets the cause.

import type { Clock, EventLog } from '#libs/event-log';
import type { Server } from 'node:http';
import type { DynamicModule, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { WallClock } from './clock.js';
import { Connections } from './connections.js';
import type { Configuration } from './configuration/configuration.js';
import { HealthRegistry } from './observing/health.js';
import { Journal } from './observing/journal.js';
import { LagWatch } from './observing/lag-watch.js';
import { Metrics } from './observing/metrics.js';
import { SpanExport } from './observing/span-export.js';
import { Tracing } from './observing/tracing.js';
import { RuntimeModule, type Surroundings } from './runtime.module.js';
import { ShutdownSequence, type ShutdownOutcome } from './shutdown.js';
import { Supervisor } from './supervisor.js';
import { EVENT_LOG } from './tokens.js';
import { LetThroughFilter } from './transport/let-through.js';
import { EventLogServer } from './transport/server.js';
import { LogSubscriptions } from './transport/subscriptions.js';

/** A process as its app composes it: the modules, and how its HTTP door is built. */
export interface Composition {
  /** Root module: imports the log's module (which provides and exports EVENT_LOG globally) and the apps' modules. */
  readonly module: (configuration: Configuration) => Type | DynamicModule;
  /** Absent: Fastify with paths as long as Matrix ids may be. */
  readonly adapter?: () => FastifyAdapter;
  /** Filters, parsers, CORS: before anything listens. */
  readonly prepare?: (app: NestFastifyApplication) => void | Promise<void>;
}

export interface ServeOptions extends Composition {
  readonly configuration: Configuration;
  /** Tests pass their own. */
  readonly journal?: Journal;
  readonly clock?: Clock;
}

export interface RunningProcess {
  /** Such as http://127.0.0.1:8090; absent when nothing is served. */
  readonly url?: string;
  readonly surroundings: Surroundings;
  readonly log: EventLog;
  readonly app: NestFastifyApplication;
  /** The ordered shutdown; a second call gets the first one's promise. */
  stop(): Promise<ShutdownOutcome>;
}

const MAX_PATH_PARAMETER = 1024;

/** Resolves when the process serves: subscriptions connected, HTTP listening, everybody ready to be asked. */
export async function serve(options: ServeOptions): Promise<RunningProcess> {
  const surroundings = surround(options);
  const { shutdown, journal, supervisor, subscriptions, health, metrics, configuration } = surroundings;
  let state: 'starting' | 'serving' | 'stopping' = 'starting';
  health.readiness('process', () => (state === 'serving' ? undefined : `the process is ${state}`));
  shutdown.step('unready', 'readiness', () => {
    state = 'stopping';
    surroundings.lag.stop();
  });
  const stop = (): Promise<ShutdownOutcome> => stopInOrder(surroundings);
  try {
    const module = { module: RootModule, imports: [RuntimeModule.with(surroundings), options.module(configuration)] };
    const app = await NestFactory.create<NestFastifyApplication>(module, (options.adapter ?? plainAdapter)(), {
      logger: journal.forNest(),
      abortOnError: false,
    });
    shutdown.step('close', 'Nest', () => app.close());
    await options.prepare?.(app);
    const log = app.get<EventLog>(EVENT_LOG, { strict: false });
    await app.init();
    const server = new EventLogServer({ log, subscriptions, supervisor, journal: journal.child('log') });
    shutdown.step('leave', "the log's groups and tails", () => server.close());
    await startSubscriptions(app, server);
    const url = await listen(app, configuration, shutdown);
    state = 'serving';
    metrics.watchProcess();
    return { ...(url === undefined ? {} : { url }), surroundings, log, app, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

class RootModule {}

function surround(options: ServeOptions): Surroundings {
  const journal = options.journal ?? Journal.open({ level: options.configuration.logLevel });
  const clock = options.clock ?? new WallClock();
  const metrics = new Metrics();
  const shutdown = new ShutdownSequence();
  const watched = { clock, metrics, journal, shutdown };
  return {
    configuration: options.configuration,
    ...watched,
    tracing: tracingOf(options.configuration, watched),
    health: new HealthRegistry(),
    lag: new LagWatch(metrics, clock),
    supervisor: new Supervisor(journal),
    subscriptions: new LogSubscriptions(),
  };
}

function tracingOf(
  { tracing }: Configuration,
  { clock, metrics, journal, shutdown }: Pick<Surroundings, 'clock' | 'metrics' | 'journal' | 'shutdown'>,
): Tracing {
  if (tracing === undefined) return Tracing.passing(clock);
  const spans = new SpanExport({ ...tracing, clock, metrics, journal });
  shutdown.step('close', 'spans', () => spans.close());
  return new Tracing({ clock, spans, ratio: tracing.ratio });
}

/** Nest would register the handlers before a filter can be set, and call every init hook twice: hence these three lines. */
async function startSubscriptions(app: NestFastifyApplication, server: EventLogServer): Promise<void> {
  const microservice = app.connectMicroservice({ strategy: server }, { deferInitialization: true });
  microservice.useGlobalFilters(new LetThroughFilter());
  (microservice as unknown as { setIsInitHookCalled(called: boolean): void }).setIsInitHookCalled(true);
  await app.startAllMicroservices();
}

function plainAdapter(): FastifyAdapter {
  return new FastifyAdapter({ routerOptions: { maxParamLength: MAX_PATH_PARAMETER } });
}

async function listen(
  app: NestFastifyApplication,
  configuration: Configuration,
  shutdown: ShutdownSequence,
): Promise<string | undefined> {
  const { host, port } = configuration.http;
  if (port === undefined) return undefined;
  const server = app.getHttpServer();
  const connections = new Connections(server);
  await app.listen({ host, port });
  shutdown.step('stop-http', 'the HTTP server', () => stopHttp(server, connections));
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return `http://${host.includes(':') ? `[${host}]` : host}:${String(bound)}`;
}

/** No new connections; those without a request are closed, those that are answered are closed after their answer. */
async function stopHttp(server: Server, connections: Connections): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  connections.closeUnused();
  const sweep = setInterval(() => {
    connections.closeUnused();
  }, 50);
  await closed;
  clearInterval(sweep);
}

function stopInOrder({ shutdown, configuration, journal }: Surroundings): Promise<ShutdownOutcome> {
  return shutdown.run(configuration.shutdownTimeoutMs, {
    stepFailed: (step, error) => {
      journal.error(`stopping: ${step.name} failed`, { phase: step.phase, error });
    },
    late: (waitingFor) => {
      journal.error(`stopping took longer than SHUTDOWN_TIMEOUT_MS; not waiting any more for ${waitingFor.join(', ')}`);
    },
  });
}
