// The gateway as a Nest module: makes the Nest-free gateway out of what the process provides, hangs its doors on Fastify and
// its tails on the transport, and says how to stop. Invariant: nothing is decided here.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
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
import { authenticationFrom } from './authentication/authentication.js';
import type { Authentication } from './authentication/caller.js';
import { TokenWatch } from './authentication/token-watch.js';
import { ClientController } from './doors/client.controller.js';
import { Doors } from './doors/doors.js';
import { Filters } from './filters.js';
import { Gateway } from './gateway.js';
import type { GatewayBounds } from './gateway-options.js';
import { WhoAsks } from './http/who-asks.js';
import { PageDoors } from './page/page-doors.js';
import { TailsController, subscribe } from './tails.controller.js';

const AUTHENTICATION = Symbol('AUTHENTICATION');
const BOUNDS = Symbol('BOUNDS');

/** Only what is there: absent, not undefined. */
function given<K extends string, V>(name: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: V });
}

const authentication = {
  provide: AUTHENTICATION,
  inject: [CONFIGURATION, CLOCK, Journal, Metrics],
  useFactory: (
    { kafka, http, gateway }: Configuration,
    clock: Clock,
    journal: Journal,
    metrics: Metrics,
  ): Authentication => {
    const staticTokens =
      gateway.staticTokensFile === undefined ? undefined : readFileSync(gateway.staticTokensFile, 'utf8');
    const methods = { ...gateway, ...given('staticTokens', staticTokens) };
    const embedded = kafka === undefined;
    const watch = new TokenWatch(metrics, journal.child('gateway'), clock);
    const made = authenticationFrom({ embedded, httpHost: http.host, ...methods }, clock, watch);
    const names = made.methods.join(', ') || 'nothing: nobody can ask';
    journal.child('gateway').info(`access tokens are checked by ${names}`);
    return made;
  },
};

const gateway = {
  provide: Gateway,
  // What takes time to make is asked for here, so that it is there; the rest is made before Nest begins.
  inject: [EVENT_LOG, AUTHENTICATION, BOUNDS, ModuleRef],
  useFactory: (log: EventLog, checks: Authentication, bounds: Partial<GatewayBounds>, modules: ModuleRef): Gateway => {
    const global = { strict: false };
    const configuration = modules.get<Configuration>(CONFIGURATION, global);
    return new Gateway({
      log,
      bounds,
      authentication: checks,
      clock: modules.get<Clock>(CLOCK, global),
      journal: modules.get(Journal, global).child('gateway'),
      metrics: modules.get(Metrics, global),
      tracing: modules.get(Tracing, global),
      topics: configuration.topics,
      policy: configuration.policy,
      maxRoomMembers: configuration.fanout.maxRoomMembers,
      busyName: configuration.gateway.busyName,
      putPerSecond: configuration.gateway.putPerSecond,
      putBurst: configuration.gateway.putBurst,
      ...given('homeserver', configuration.gateway.homeserver),
      gatewayId: randomBytes(6).toString('base64url'),
    });
  },
};

@Module({
  controllers: [ClientController, TailsController],
  providers: [
    { provide: BOUNDS, useValue: {} },
    authentication,
    gateway,
    {
      provide: WhoAsks,
      inject: [AUTHENTICATION],
      useFactory: (methods: Authentication) => new WhoAsks(methods),
    },
    { provide: Filters, inject: [Gateway], useFactory: (made: Gateway) => new Filters(made.bounds) },
    {
      provide: PageDoors,
      inject: [Gateway, WhoAsks],
      useFactory: (made: Gateway, whoAsks: WhoAsks) => new PageDoors(made, whoAsks),
    },
    {
      provide: Doors,
      inject: [Gateway, WhoAsks, Filters],
      useFactory: (made: Gateway, whoAsks: WhoAsks, filters: Filters) => new Doors(made, whoAsks, filters),
    },
  ],
  exports: [Gateway],
})
export class GatewayModule implements OnModuleInit {
  constructor(@Inject(ModuleRef) private readonly modules: ModuleRef) {}

  /** With other bounds, for tests and tuning. */
  static within(bounds: Partial<GatewayBounds>): DynamicModule {
    return { module: GatewayModule, providers: [{ provide: BOUNDS, useValue: bounds }] };
  }

  onModuleInit(): void {
    const made = this.modules.get(Gateway);
    const fastify = this.modules.get(HttpAdapterHost, { strict: false }).httpAdapter.getInstance<FastifyInstance>();
    this.modules.get(Doors).register(fastify);
    const page = this.modules.get(PageDoors);
    page.register(fastify);
    if (this.modules.get<Configuration>(CONFIGURATION, { strict: false }).gateway.demo === true) page.demonstrate();
    subscribe(made, this.modules.get(LogSubscriptions, { strict: false }));
    this.modules.get(HealthRegistry, { strict: false }).readiness('gateway', () => made.complaint());
    const lag = this.modules.get(LagWatch, { strict: false });
    lag.watch({ part: 'gateway', log: made.options.log, positions: () => made.readPositions() });
    const shutdown = this.modules.get(ShutdownSequence, { strict: false });
    shutdown.step('stop-http', 'long polls and streams', () => {
      made.release();
      page.release();
    });
    shutdown.step('leave', 'recent changes', () => page.stop());
    shutdown.step('close', 'the homeserver’s connections', () => {
      this.modules.get(Doors).close();
    });
    shutdown.step('end-sessions', 'sessions of devices', () => made.sessions.endAll());
  }
}
