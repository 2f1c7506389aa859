// What every variable means, what holds when it is absent, and what must hold between it and others: the one source of the
// configuration reference, of the README's table and of the defaults that are in force. Invariant: a variable without an
// entry does not compile.

import { ALLOWED } from './rules.js';
import type { VariableName } from './variables.js';

export const VARIABLE_GROUPS = [
  'Kafka',
  'Topics',
  'Embedded log',
  'HTTP',
  'Who is asking',
  'Bridge',
  'Presence',
  'Limits',
  'Process',
] as const;

export interface VariableText {
  readonly group: (typeof VARIABLE_GROUPS)[number];
  /** In force when the variable is absent; none = then nothing of it is. */
  readonly absent?: string;
  /** Instead of a value, how what is in force is found when it is absent. */
  readonly absentWords?: string;
  readonly means: string;
  /** What holds between it and others; checked at start. */
  readonly relation?: string;
}

export const REFERENCE = {
  KAFKA_BROKERS: {
    group: 'Kafka',
    absentWords: 'the embedded log',
    means: '`host:port`, comma-separated. Without it only `npm start` runs, on the embedded log',
  },
  KAFKA_SSL: { group: 'Kafka', absentWords: 'true when one of the next three is set', means: 'TLS to the brokers' },
  KAFKA_SSL_CA: { group: 'Kafka', means: 'PEM file of the authority that signed the brokers’ certificates' },
  KAFKA_SSL_CERT: { group: 'Kafka', means: 'PEM file of our certificate', relation: 'with `KAFKA_SSL_KEY`' },
  KAFKA_SSL_KEY: { group: 'Kafka', means: 'PEM file of its key', relation: 'with `KAFKA_SSL_CERT`' },
  KAFKA_SASL_MECHANISM: {
    group: 'Kafka',
    absent: 'plain',
    means: 'how name and password are told to the brokers',
    relation: 'with the next two',
  },
  KAFKA_SASL_USERNAME: { group: 'Kafka', means: 'our name at the brokers', relation: 'with `KAFKA_SASL_PASSWORD`' },
  KAFKA_SASL_PASSWORD: { group: 'Kafka', means: 'its password', relation: 'with `KAFKA_SASL_USERNAME`' },
  REPLICATION_FACTOR: {
    group: 'Kafka',
    absentWords: 'the lesser of 3 and the number of brokers',
    means: 'of topics that are created; from 3 on with `min.insync.replicas=2`',
  },
  TOPIC_PREFIX: {
    group: 'Topics',
    absent: 'presence.',
    means: 'begins the names of topics, of consumer groups and of transactional ids',
  },
  PARTITIONS: {
    group: 'Topics',
    absentWords: '`8`; `2` in the embedded log',
    means: 'of topics that are created; checked afterwards',
  },
  DELIVERY_PARTITIONS: {
    group: 'Topics',
    absentWords: '`8`; `1` in the embedded log',
    means: 'the same, of the deliveries',
  },
  DATA_DIR: { group: 'Embedded log', absent: './data', means: 'where the embedded log lies; one process at a time' },
  HTTP_HOST: { group: 'HTTP', absent: '127.0.0.1', means: 'address to listen on; 0.0.0.0 for all of them' },
  HTTP_PORT: {
    group: 'HTTP',
    absent: '8090',
    means:
      '0 = any free port, printed. Aggregator and fan-out serve `/health/*` and `/metrics`, and only when it is set; the bridge’s default is 8092',
  },
  STATIC_TOKENS_FILE: {
    group: 'Who is asking',
    means: 'JSON file `{"TOKEN":{"user_id":"@a:hs","device_id":"D"}}`',
  },
  JWKS_URL: {
    group: 'Who is asking',
    means: 'tokens are JWTs, signed by a key of this JWK set',
    relation: 'with `JWT_ISSUER` and `JWT_AUDIENCE`; not with `JWKS_FILE`',
  },
  JWKS_FILE: { group: 'Who is asking', means: 'the same, the JWK set in a file', relation: 'as `JWKS_URL`' },
  JWT_ISSUER: { group: 'Who is asking', means: 'the `iss` that tokens must have', relation: 'with a JWK set' },
  JWT_AUDIENCE: { group: 'Who is asking', means: 'an `aud` that tokens must have', relation: 'with a JWK set' },
  JWT_USER_CLAIM: {
    group: 'Who is asking',
    absent: 'sub',
    means: 'the claim that holds the user: a Matrix user id, or a localpart of `SERVER_NAME`',
  },
  JWT_DEVICE_CLAIM: { group: 'Who is asking', absent: 'device_id', means: 'the claim that holds the device' },
  INTROSPECTION_URL: {
    group: 'Who is asking',
    means: 'OAuth 2.0 token introspection (RFC 7662), such as https://auth.example.org/oauth2/introspect',
    relation: 'with the next two',
  },
  INTROSPECTION_CLIENT_ID: {
    group: 'Who is asking',
    means: 'the client that asks',
    relation: 'with `INTROSPECTION_URL`',
  },
  INTROSPECTION_CLIENT_SECRET: {
    group: 'Who is asking',
    means: 'its secret',
    relation: 'with `INTROSPECTION_URL`',
  },
  INTROSPECTION_USER_CLAIM: {
    group: 'Who is asking',
    absent: 'username',
    means: 'as `JWT_USER_CLAIM`. The device is `device_id`, or a scope `urn:matrix:client:device:ID`',
  },
  INTROSPECTION_SCOPE: {
    group: 'Who is asking',
    means: 'a scope that tokens must have, such as `urn:matrix:client:api:*`',
    relation: 'with `INTROSPECTION_URL`',
  },
  SERVER_NAME: {
    group: 'Who is asking',
    means: 'the homeserver of users of whom a token says only the localpart; users of others are refused',
    relation: 'needed with introspection or JWTs, unless their user claim is set (to one that holds whole user ids)',
  },
  WHOAMI_URL: {
    group: 'Who is asking',
    absentWords: '`HOMESERVER_URL`',
    means: 'base URL, asked `/_matrix/client/v3/account/whoami`',
  },
  HOMESERVER_URL: {
    group: 'Who is asking',
    means: 'the homeserver behind this gateway: it answers everything but presence, and `/sync` together with us',
  },
  HOMESERVER_POLL_MS: {
    group: 'Who is asking',
    absent: '90000',
    means: 'how long one poll of ours may wait at the homeserver; clients’ own waits are not changed by it',
  },
  SLIDING_SYNC_PRESENCE: {
    group: 'Who is asking',
    absent: 'false',
    means: 'presence as `extensions.presence` of simplified sliding sync, which no specification has yet',
  },
  TOKEN_CACHE_MS: {
    group: 'Who is asking',
    absent: '30000',
    means: 'how long an accepted token is not asked about again: a revocation takes effect within it',
  },
  TOKEN_STALE_MS: {
    group: 'Who is asking',
    absent: '600000',
    means: 'for how long after that an accepted token goes on while nobody can be asked; 0 = not at all',
  },
  ADMIN_TOKEN: {
    group: 'Who is asking',
    means:
      'the administrator’s bearer token; what the command line sends with `--server` (absent: the administrator’s development token)',
  },
  BRIDGE_REGISTRATION_FILE: {
    group: 'Bridge',
    means: 'the application service’s registration, a YAML file that the homeserver reads too',
  },
  OTHER_REGISTRATION_FILES: {
    group: 'Bridge',
    means: 'registrations of other application services: their users are no people with presence',
  },
  PUBLIC_ROOMS: {
    group: 'Bridge',
    absent: 'share',
    means: '`withhold`: rooms that anybody may join create no interest',
  },
  WITHHELD_ROOMS: { group: 'Bridge', means: 'these rooms create no interest' },
  SHARED_ROOMS: { group: 'Bridge', means: 'these rooms do, whatever else is said' },
  BUSY_NAME: {
    group: 'Presence',
    absent: 'unstable',
    means: '`stable` shows `busy` as `busy`, not as `org.matrix.msc3026.busy`',
  },
  IDLE_AFTER_MS: {
    group: 'Presence',
    absent: '300000',
    means: 'online becomes unavailable so long after the last activity',
    relation: 'more than `ACTIVE_FOR_MS`',
  },
  ACTIVE_FOR_MS: {
    group: 'Presence',
    absent: '60000',
    means: '`currently_active` so long after the last activity',
    relation: 'less than `IDLE_AFTER_MS`',
  },
  OFFLINE_AFTER_MS: {
    group: 'Presence',
    absent: '30000',
    means: 'grace after the end of the last poll, and the span of a PUT',
  },
  BUSY_OFFLINE_AFTER_MS: {
    group: 'Presence',
    absent: '3600000',
    means: 'the span of a PUT of busy',
    relation: 'at least `OFFLINE_AFTER_MS`',
  },
  MAX_LEASE_MS: { group: 'Presence', absent: '600000', means: 'a longer lease is cut to it' },
  PUT_PER_SECOND: { group: 'Limits', absent: '5', means: 'PUTs and claim changes of a user at one gateway' },
  PUT_BURST: { group: 'Limits', absent: '20', means: 'as many of them may come at once' },
  MAX_ROOM_MEMBERS: { group: 'Limits', absent: '10000', means: 'larger rooms create no interest' },
  MAX_RECIPIENT_TOPICS: { group: 'Limits', absent: '1000', means: 'more are refused, in log and metric' },
  ACCEPT_LOSS: {
    group: 'Process',
    absent: 'false',
    means:
      'go on when retention took inputs before they were folded, and record the loss (`--accept-loss` is the same)',
  },
  DEMO: {
    group: 'Process',
    absent: 'false',
    means: 'a small simulated town, so that the page moves at once (`--demo` is the same)',
    relation: 'only where development tokens are accepted',
  },
  SNAPSHOT_EVERY_MS: {
    group: 'Process',
    absent: '86400000',
    means: 'from one snapshot of all registers, where history commands begin, to the next',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    group: 'Process',
    means:
      'base URL of an OpenTelemetry collector (OTLP over HTTP, such as http://127.0.0.1:4318): spans go there, and traces begin here',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    group: 'Process',
    absent: '1',
    means: 'the share of requests that come without a trace context for which a trace begins',
    relation: 'with `OTEL_EXPORTER_OTLP_ENDPOINT`',
  },
  LOG_LEVEL: {
    group: 'Process',
    absent: 'info',
    means: 'lines go to stderr: JSON, or readable on a terminal',
  },
  SHUTDOWN_TIMEOUT_MS: { group: 'Process', absent: '8000', means: 'how long an ordered stop may take' },
} as const satisfies Readonly<Record<VariableName, VariableText>>;

/** The variables whose absence has a value. */
export type Defaulted = {
  [N in VariableName]: (typeof REFERENCE)[N] extends { readonly absent: string } ? N : never;
}[VariableName];

export interface VariableEntry extends VariableText {
  readonly name: VariableName;
  readonly allowed: string;
}

/** Every variable, in the order of the reference. */
export function variableReference(): readonly VariableEntry[] {
  const entries = Object.entries(REFERENCE) as [VariableName, VariableText][];
  return entries.map(([name, text]) => ({ name, allowed: ALLOWED.get(name) ?? 'anything', ...text }));
}
