// The bridge as a Nest module: reads its registration, hangs its doors on Fastify. Invariant: nothing is decided here, and a
// registration that cannot be used stops the start with a sentence.
import { readFileSync } from 'node:fs';
import { Inject, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { topicNames } from '#libs/contracts';
import type { Clock, EventLog } from '#libs/event-log';
import {
  CLOCK,
  CONFIGURATION,
  EVENT_LOG,
  Journal,
  Metrics,
  type BridgeConfiguration,
  type Configuration,
} from '#libs/runtime';
import { actorTest } from './actors.js';
import { BRIDGE_CATALOGUE } from './meters.js';
import { ghostPatternsIn, readRegistration, RegistrationError } from './registration.js';
import { RoomPolicies } from './room-policy.js';
import { TransactionsDoor } from './transactions-door.js';
import { Transactions } from './transactions.js';

const MAX_DURABLE_MS = 10_000;

@Module({})
export class BridgeModule implements OnModuleInit {
  constructor(
    @Inject(CONFIGURATION) private readonly configuration: Configuration,
    @Inject(EVENT_LOG) private readonly log: EventLog,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ModuleRef) private readonly modules: ModuleRef,
  ) {}

  onModuleInit(): void {
    const bridge = required(this.configuration.bridge);
    const registration = named('BRIDGE_REGISTRATION_FILE', bridge.registrationFile, readRegistration);
    const { serverName } = registration;
    const ghosts = bridge.otherRegistrationFiles.flatMap((file) =>
      named('OTHER_REGISTRATION_FILES', file, (text) => ghostPatternsIn(text, serverName)),
    );
    const global = { strict: false };
    const journal = this.modules.get(Journal, global).child('bridge');
    const meters = this.modules.get(Metrics, global).meters(BRIDGE_CATALOGUE);
    const transactions = new Transactions({
      log: this.log,
      clock: this.clock,
      topics: topicNames(this.configuration.topics.prefix),
      policies: new RoomPolicies(this.configuration.roomRules),
      isActor: actorTest(registration, ghosts),
      meters,
      journal,
      group: `${this.configuration.topics.prefix}bridge`,
    });
    const { hsToken } = registration;
    const { clock } = this;
    const door = new TransactionsDoor({ transactions, hsToken, clock, journal, meters, maxDurableMs: MAX_DURABLE_MS });
    door.register(this.modules.get(HttpAdapterHost, global).httpAdapter.getInstance<FastifyInstance>());
    journal.info(`takes the transactions of ${registration.serverName}`, {
      others: bridge.otherRegistrationFiles.length,
    });
  }
}

/** What a file says; what is wrong with it is told with the variable that names it. */
function named<T>(variable: string, file: string, read: (text: string) => T): T {
  try {
    return read(readFileSync(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof RegistrationError)) throw error;
    throw new RegistrationError(`${variable} is "${file}", and ${error.message}`, { cause: error });
  }
}

function required(bridge: BridgeConfiguration | undefined): BridgeConfiguration {
  if (bridge === undefined) throw new Error('the bridge is composed without BRIDGE_REGISTRATION_FILE');
  return bridge;
}
