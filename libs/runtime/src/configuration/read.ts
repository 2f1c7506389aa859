// Environment → configuration, once. Invariant: either everything holds, or all faults are told at once, each a sentence
// that names the variable, what was given and what is allowed. Reads nothing but what it is handed (and the files named there).

import { readFileSync } from 'node:fs';
import { getMetadataStorage, validateSync } from 'class-validator';
import type {
  BridgeConfiguration,
  Configuration,
  GatewayConfiguration,
  HttpConfiguration,
  IntrospectionConfiguration,
  JwtConfiguration,
  KafkaConfiguration,
  LogLevel,
  ProcessName,
  SaslMechanism,
  TracingConfiguration,
} from './configuration.js';
import { misspellings } from './misspellings.js';
import { REFERENCE, type Defaulted } from './reference.js';
import { relationFaults } from './relations.js';
import { isYes } from './rules.js';
import { Variables, listOf, type VariableName } from './variables.js';

const BRIDGE_PORT = 8_092;

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
  const bridge = bridgeOf(variables, files);
  const tracing = tracingOf(variables, app);
  return {
    ...(kafka === undefined ? {} : { kafka }),
    dataDirectory: orDefault(variables, 'DATA_DIR'),
    topics: {
      prefix: orDefault(variables, 'TOPIC_PREFIX'),
      ...countsOf(variables, kafka !== undefined),
    },
    http: httpOf(variables, app),
    policy: {
      idleAfterMs: number(variables, 'IDLE_AFTER_MS'),
      activeForMs: number(variables, 'ACTIVE_FOR_MS'),
      offlineAfterMs: number(variables, 'OFFLINE_AFTER_MS'),
      busyOfflineAfterMs: number(variables, 'BUSY_OFFLINE_AFTER_MS'),
      maxLeaseMs: number(variables, 'MAX_LEASE_MS'),
    },
    gateway: gatewayOf(variables, files),
    fanout: {
      maxRoomMembers: number(variables, 'MAX_ROOM_MEMBERS'),
      maxRecipientTopics: number(variables, 'MAX_RECIPIENT_TOPICS'),
    },
    ...(bridge === undefined ? {} : { bridge }),
    roomRules: {
      publicRooms: orDefault(variables, 'PUBLIC_ROOMS') as 'share' | 'withhold',
      withheld: listOf(variables.WITHHELD_ROOMS),
      shared: listOf(variables.SHARED_ROOMS),
    },
    aggregator: {
      acceptLoss: isYes(orDefault(variables, 'ACCEPT_LOSS')),
      snapshotEveryMs: number(variables, 'SNAPSHOT_EVERY_MS'),
    },
    ...(tracing === undefined ? {} : { tracing }),
    logLevel: orDefault(variables, 'LOG_LEVEL') as LogLevel,
    shutdownTimeoutMs: number(variables, 'SHUTDOWN_TIMEOUT_MS'),
  };
}

function tracingOf(variables: Variables, app: ProcessName): TracingConfiguration | undefined {
  const endpoint = variables.OTEL_EXPORTER_OTLP_ENDPOINT;
  // A command is over before anybody would look at its trace.
  if (endpoint === undefined || app === 'command line') return undefined;
  return { endpoint, serviceName: `rollcall-${app}`, ratio: number(variables, 'OTEL_TRACES_SAMPLER_ARG') };
}

function bridgeOf(variables: Variables, files: Files): BridgeConfiguration | undefined {
  const registrationFile = variables.BRIDGE_REGISTRATION_FILE;
  const otherRegistrationFiles = listOf(variables.OTHER_REGISTRATION_FILES);
  for (const file of otherRegistrationFiles) files.text('OTHER_REGISTRATION_FILES', file);
  files.text('BRIDGE_REGISTRATION_FILE', registrationFile);
  if (registrationFile === undefined) return undefined;
  return { registrationFile, otherRegistrationFiles };
}

function httpOf(variables: Variables, app: ProcessName): HttpConfiguration {
  const serves = app === 'standalone' || app === 'gateway' || app === 'bridge';
  const host = orDefault(variables, 'HTTP_HOST');
  if (variables.HTTP_PORT === undefined && !serves) return { host };
  // Beside a gateway on one machine.
  if (variables.HTTP_PORT === undefined && app === 'bridge') return { host, port: BRIDGE_PORT };
  return { host, port: number(variables, 'HTTP_PORT') };
}

function gatewayOf(variables: Variables, files: Files): GatewayConfiguration {
  files.text('STATIC_TOKENS_FILE', variables.STATIC_TOKENS_FILE);
  const { ADMIN_TOKEN: adminToken, STATIC_TOKENS_FILE: staticTokensFile, SERVER_NAME: serverName } = variables;
  const { HOMESERVER_URL: url, WHOAMI_URL: whoamiUrl = url } = variables;
  const introspection = introspectionOf(variables);
  const jwt = jwtOf(variables, files);
  return {
    busyName: orDefault(variables, 'BUSY_NAME') as 'unstable' | 'stable',
    ...(isYes(variables.DEMO ?? 'no') ? { demo: true } : {}),
    putPerSecond: number(variables, 'PUT_PER_SECOND'),
    putBurst: number(variables, 'PUT_BURST'),
    tokenCacheMs: number(variables, 'TOKEN_CACHE_MS'),
    tokenStaleMs: number(variables, 'TOKEN_STALE_MS'),
    ...(adminToken === undefined ? {} : { adminToken }),
    ...(staticTokensFile === undefined ? {} : { staticTokensFile }),
    ...(serverName === undefined ? {} : { serverName }),
    ...(whoamiUrl === undefined ? {} : { whoamiUrl }),
    ...(url === undefined ? {} : { homeserver: homeserverOf(url, variables) }),
    ...(introspection === undefined ? {} : { introspection }),
    ...(jwt === undefined ? {} : { jwt }),
  };
}

function homeserverOf(url: string, variables: Variables): NonNullable<GatewayConfiguration['homeserver']> {
  const slidingSyncPresence = isYes(orDefault(variables, 'SLIDING_SYNC_PRESENCE'));
  return { url, upstreamPollMs: number(variables, 'HOMESERVER_POLL_MS'), slidingSyncPresence };
}

/** Half a configuration is none: the relations tell of it. */
function introspectionOf(variables: Variables): IntrospectionConfiguration | undefined {
  const { INTROSPECTION_URL: url, INTROSPECTION_CLIENT_ID: clientId, INTROSPECTION_SCOPE: scope } = variables;
  const clientSecret = variables.INTROSPECTION_CLIENT_SECRET;
  if (url === undefined || clientId === undefined || clientSecret === undefined) return undefined;
  const userClaim = orDefault(variables, 'INTROSPECTION_USER_CLAIM');
  return { url, clientId, clientSecret, userClaim, ...(scope === undefined ? {} : { scope }) };
}

function jwtOf(variables: Variables, files: Files): JwtConfiguration | undefined {
  const text = files.text('JWKS_FILE', variables.JWKS_FILE);
  const { JWKS_URL: url, JWT_ISSUER: issuer, JWT_AUDIENCE: audience } = variables;
  const keys = url !== undefined ? { url } : text !== undefined ? { text } : undefined;
  if (keys === undefined || issuer === undefined || audience === undefined) return undefined;
  const userClaim = orDefault(variables, 'JWT_USER_CLAIM');
  return { issuer, audience, keys, userClaim, deviceClaim: orDefault(variables, 'JWT_DEVICE_CLAIM') };
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
      ? {
          sasl: {
            mechanism: (mechanism ?? REFERENCE.KAFKA_SASL_MECHANISM.absent) as SaslMechanism,
            username,
            password,
          },
        }
      : {}),
    ...(variables.REPLICATION_FACTOR === undefined ? {} : { replicationFactor: Number(variables.REPLICATION_FACTOR) }),
  };
}

function orDefault(variables: Variables, name: Defaulted): string {
  return variables[name] ?? REFERENCE[name].absent;
}

/** The embedded log has one process: a partition more is a turn, a transaction and a frame more of the same news. */
function countsOf(
  { PARTITIONS, DELIVERY_PARTITIONS }: Variables,
  onKafka: boolean,
): { readonly partitions: number; readonly deliveryPartitions: number } {
  return {
    partitions: Number(PARTITIONS ?? (onKafka ? 8 : 2)),
    deliveryPartitions: Number(DELIVERY_PARTITIONS ?? (onKafka ? 8 : 1)),
  };
}

function number(variables: Variables, name: Defaulted): number {
  return Number(orDefault(variables, name));
}
