// Environment → configuration, once. Invariant: either everything holds, or all faults are told at once, each a sentence
// that names the variable, what was given and what is allowed. Reads nothing but what it is handed (and the files named there).

import { readFileSync } from 'node:fs';
import { getMetadataStorage, validateSync } from 'class-validator';
import type {
  BridgeConfiguration,
  Configuration,
  HttpConfiguration,
  KafkaConfiguration,
  LogLevel,
  ProcessName,
  SaslMechanism,
} from './configuration.js';
import { misspellings } from './misspellings.js';
import { relationFaults } from './relations.js';
import { isYes } from './rules.js';
import { Variables, listOf, type VariableName } from './variables.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Start refused: every line of `faults` is a sentence for the operator. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  constructor(readonly faults: readonly string[]) {
    super(faults.join('\n'));
  }
}

export interface ConfigurationRead {
  readonly configuration: Configuration;
  /** Sentences about variables that look like ours and are not. */
  readonly hints: readonly string[];
}

export const VARIABLE_NAMES: readonly VariableName[] = [
  ...new Set(
    getMetadataStorage()
      .getTargetValidationMetadatas(Variables, '', false, false)
      .map((rule) => rule.propertyName as VariableName),
  ),
];

/** @throws ConfigurationError with all faults. A variable set to nothing counts as absent. */
export function readConfiguration(environment: Environment, app: ProcessName): ConfigurationRead {
  const variables = new Variables();
  for (const name of VARIABLE_NAMES) {
    const text = environment[name];
    if (text !== undefined && text !== '') variables[name] = text;
  }
  const hints = misspellings(environment, VARIABLE_NAMES);
  const findings = validateSync(variables);
  const faults = findings.flatMap((finding) => Object.values(finding.constraints ?? {}));
  const wrong = new Set(findings.map((finding) => finding.property));
  const files = new Files(faults);
  const configuration = build(sane(variables, wrong), files, app);
  faults.push(...relationFaults({ variables, wrong, configuration, app }));
  if (faults.length > 0) throw new ConfigurationError([...faults, ...hints]);
  return { configuration, hints };
}

/** For processes that run on Kafka only; their configuration was refused without brokers. */
export function requireKafka({ kafka }: Configuration): KafkaConfiguration {
  if (kafka === undefined) throw new ConfigurationError(['KAFKA_BROKERS is not set.']);
  return kafka;
}

/** Without the values that were refused, so that relations between the others are still checked. */
function sane(variables: Variables, wrong: ReadonlySet<string>): Variables {
  const copy = new Variables();
  for (const name of VARIABLE_NAMES) {
    const text = variables[name];
    if (text !== undefined && !wrong.has(name)) copy[name] = text;
  }
  return copy;
}

class Files {
  constructor(private readonly faults: string[]) {}

  text(name: VariableName, path: string | undefined): string | undefined {
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      this.faults.push(
        `${name} is "${path}", which cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown fault'}); allowed: the path of a readable file.`,
      );
      return undefined;
    }
  }
}

function build(variables: Variables, files: Files, app: ProcessName): Configuration {
  const kafka = kafkaOf(variables, files);
  files.text('STATIC_TOKENS_FILE', variables.STATIC_TOKENS_FILE);
  const bridge = bridgeOf(variables, files);
  const whoamiUrl = variables.WHOAMI_URL ?? variables.HOMESERVER_URL;
  return {
    ...(kafka === undefined ? {} : { kafka }),
    dataDirectory: variables.DATA_DIR ?? './data',
    topics: {
      prefix: variables.TOPIC_PREFIX ?? 'presence.',
      partitions: number(variables.PARTITIONS, 8),
      deliveryPartitions: number(variables.DELIVERY_PARTITIONS, 8),
    },
    http: httpOf(variables, app),
    policy: {
      idleAfterMs: number(variables.IDLE_AFTER_MS, 300_000),
      activeForMs: number(variables.ACTIVE_FOR_MS, 60_000),
      offlineAfterMs: number(variables.OFFLINE_AFTER_MS, 30_000),
      busyOfflineAfterMs: number(variables.BUSY_OFFLINE_AFTER_MS, 3_600_000),
      maxLeaseMs: number(variables.MAX_LEASE_MS, 600_000),
    },
    gateway: {
      busyName: variables.BUSY_NAME === 'stable' ? 'stable' : 'unstable',
      putPerSecond: number(variables.PUT_PER_SECOND, 5),
      putBurst: number(variables.PUT_BURST, 20),
      ...(variables.ADMIN_TOKEN === undefined ? {} : { adminToken: variables.ADMIN_TOKEN }),
      ...(variables.STATIC_TOKENS_FILE === undefined ? {} : { staticTokensFile: variables.STATIC_TOKENS_FILE }),
      ...(whoamiUrl === undefined ? {} : { whoamiUrl }),
    },
    fanout: {
      maxRoomMembers: number(variables.MAX_ROOM_MEMBERS, 10_000),
      maxRecipientTopics: number(variables.MAX_RECIPIENT_TOPICS, 1_000),
    },
    ...(bridge === undefined ? {} : { bridge }),
    aggregator: { acceptLoss: isYes(variables.ACCEPT_LOSS ?? 'no') },
    logLevel: (variables.LOG_LEVEL ?? 'info') as LogLevel,
    shutdownTimeoutMs: number(variables.SHUTDOWN_TIMEOUT_MS, 8_000),
  };
}

function bridgeOf(variables: Variables, files: Files): BridgeConfiguration | undefined {
  const registrationFile = variables.BRIDGE_REGISTRATION_FILE;
  const otherRegistrationFiles = listOf(variables.OTHER_REGISTRATION_FILES);
  for (const file of otherRegistrationFiles) files.text('OTHER_REGISTRATION_FILES', file);
  files.text('BRIDGE_REGISTRATION_FILE', registrationFile);
  if (registrationFile === undefined) return undefined;
  return {
    registrationFile,
    otherRegistrationFiles,
    publicRooms: variables.PUBLIC_ROOMS === 'withhold' ? 'withhold' : 'share',
    withheldRooms: listOf(variables.WITHHELD_ROOMS),
    sharedRooms: listOf(variables.SHARED_ROOMS),
  };
}

function httpOf(variables: Variables, app: ProcessName): HttpConfiguration {
  const serves = app === 'standalone' || app === 'gateway' || app === 'bridge';
  const host = variables.HTTP_HOST ?? '127.0.0.1';
  if (variables.HTTP_PORT === undefined && !serves) return { host };
  return { host, port: number(variables.HTTP_PORT, app === 'bridge' ? 8_092 : 8_090) };
}

function kafkaOf(variables: Variables, files: Files): KafkaConfiguration | undefined {
  const ca = files.text('KAFKA_SSL_CA', variables.KAFKA_SSL_CA);
  const cert = files.text('KAFKA_SSL_CERT', variables.KAFKA_SSL_CERT);
  const key = files.text('KAFKA_SSL_KEY', variables.KAFKA_SSL_KEY);
  if (variables.KAFKA_BROKERS === undefined) return undefined;
  const ssl = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  const wantsSsl = variables.KAFKA_SSL === undefined ? Object.keys(ssl).length > 0 : isYes(variables.KAFKA_SSL);
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = variables;
  return {
    brokers: listOf(variables.KAFKA_BROKERS),
    clientId: 'rollcall',
    ...(wantsSsl ? { ssl } : {}),
    ...(username !== undefined && password !== undefined
      ? { sasl: { mechanism: (mechanism ?? 'plain') as SaslMechanism, username, password } }
      : {}),
    ...(variables.REPLICATION_FACTOR === undefined ? {} : { replicationFactor: Number(variables.REPLICATION_FACTOR) }),
  };
}

function number(text: string | undefined, absent: number): number {
  return text === undefined ? absent : Number(text);
}
