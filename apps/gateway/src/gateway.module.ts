// The gateway as a Nest module: makes the Nest-free gateway out of what the process provides, hangs its doors on Fastify and
// its tails on the transport, and says how to stop. Invariant: nothing is decided here.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import type { Clock, EventLog } from '#libs/event-log';
import { CLOCK, CONFIGURATION, EVENT_LOG, HealthRegistry, Journal, LogSubscriptions, Metrics, ShutdownSequence, type Configuration } from '#libs/runtime';
import { authenticationFrom } from './authentication/authentication.js';
import { ClientController } from './doors/client.controller.js';
import { Doors } from './doors/doors.js';
import { Filters } from './filters.js';
import { Gateway } from './gateway.js';
import { WhoAsks } from './http/who-asks.js';
import { TailsController, subscribe } from './tails.controller.js';

const gateway = {
  provide: Gateway,
  inject: [EVENT_LOG, CLOCK, CONFIGURATION, Journal, Metrics],
  useFactory: (log: EventLog, clock: Clock, configuration: Configuration, journal: Journal, metrics: Metrics): Gateway => {
    const { adminToken, staticTokensFile, whoamiUrl, ...rest } = configuration.gateway;
    const authentication = authenticationFrom(
      {
        embedded: configuration.kafka === undefined,
        httpHost: configuration.http.host,
        ...(adminToken === undefined ? {} : { adminToken }),
        ...(staticTokensFile === undefined ? {} : { staticTokens: readFileSync(staticTokensFile, 'utf8') }),
        ...(whoamiUrl === undefined ? {} : { whoamiUrl }),
      },
      clock,
    );
    const own = journal.child('gateway');
    own.info(`tokens are checked by: ${authentication.methods.join(', ') || 'nothing; nobody can ask'}`);
    return new Gateway({
      ...rest,
      log,
      clock,
      metrics,
      authentication,
      journal: own,
      topics: configuration.topics,
      policy: configuration.policy,
      maxRoomMembers: configuration.fanout.maxRoomMembers,
      gatewayId: randomBytes(6).toString('base64url'),
    });
  },
};

@Module({
  controllers: [ClientController, TailsController],
  providers: [
    gateway,
    { provide: WhoAsks, inject: [Gateway], useFactory: (made: Gateway) => new WhoAsks(made.options.authentication) },
    { provide: Filters, inject: [Gateway], useFactory: (made: Gateway) => new Filters(made.bounds) },
  ],
  exports: [Gateway],
})
export class GatewayModule implements OnModuleInit {
  constructor(
    @Inject(Gateway) private readonly gateway: Gateway,
    @Inject(WhoAsks) private readonly whoAsks: WhoAsks,
    @Inject(Filters) private readonly filters: Filters,
    @Inject(HttpAdapterHost) private readonly http: HttpAdapterHost,
    @Inject(LogSubscriptions) private readonly subscriptions: LogSubscriptions,
    @Inject(HealthRegistry) private readonly health: HealthRegistry,
    @Inject(ShutdownSequence) private readonly shutdown: ShutdownSequence,
  ) {}

  onModuleInit(): void {
    new Doors(this.gateway, this.whoAsks, this.filters).register(this.http.httpAdapter.getInstance<FastifyInstance>());
    subscribe(this.gateway, this.subscriptions);
    this.health.readiness('gateway', () => this.gateway.complaint());
    this.shutdown.step('stop-http', 'long polls and streams', () => {
      this.gateway.release();
    });
    this.shutdown.step('end-sessions', 'sessions of devices', () => this.gateway.sessions.endAll());
  }
}
