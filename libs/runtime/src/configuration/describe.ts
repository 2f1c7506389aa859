// The configuration as it is printed at start. Invariant: no secret in it: tokens, passwords and keys show only that they are set.

import type { Configuration } from './configuration.js';

/** Name of the variable → what is in force. */
export function describeConfiguration(
  configuration: Configuration,
): Readonly<Record<string, string | number | boolean>> {
  const { kafka, topics, http, policy, gateway, fanout, bridge } = configuration;
  return {
    ...(kafka === undefined ? { DATA_DIR: configuration.dataDirectory } : describeKafka(kafka)),
    TOPIC_PREFIX: topics.prefix,
    PARTITIONS: topics.partitions,
    DELIVERY_PARTITIONS: topics.deliveryPartitions,
    ...(http.port === undefined ? {} : { HTTP_HOST: http.host, HTTP_PORT: http.port }),
    IDLE_AFTER_MS: policy.idleAfterMs,
    ACTIVE_FOR_MS: policy.activeForMs,
    OFFLINE_AFTER_MS: policy.offlineAfterMs,
    BUSY_OFFLINE_AFTER_MS: policy.busyOfflineAfterMs,
    MAX_LEASE_MS: policy.maxLeaseMs,
    BUSY_NAME: gateway.busyName,
    ...(gateway.demo === true ? { DEMO: true } : {}),
    PUT_PER_SECOND: gateway.putPerSecond,
    PUT_BURST: gateway.putBurst,
    ...(gateway.adminToken === undefined ? {} : { ADMIN_TOKEN: 'set' }),
    ...(gateway.staticTokensFile === undefined ? {} : { STATIC_TOKENS_FILE: gateway.staticTokensFile }),
    ...(gateway.whoamiUrl === undefined ? {} : { WHOAMI_URL: withoutUserInfo(gateway.whoamiUrl) }),
    ...(gateway.homeserver === undefined ? {} : describeHomeserver(gateway.homeserver)),
    ...describeTokens(gateway),
    MAX_ROOM_MEMBERS: fanout.maxRoomMembers,
    MAX_RECIPIENT_TOPICS: fanout.maxRecipientTopics,
    SNAPSHOT_EVERY_MS: configuration.aggregator.snapshotEveryMs,
    ...(configuration.aggregator.acceptLoss ? { ACCEPT_LOSS: true } : {}),
    ...(bridge === undefined ? {} : describeBridge(bridge, configuration.roomRules)),
    ...(configuration.tracing === undefined ? {} : describeTracing(configuration.tracing)),
    LOG_LEVEL: configuration.logLevel,
    SHUTDOWN_TIMEOUT_MS: configuration.shutdownTimeoutMs,
  };
}

function describeHomeserver({
  url,
  upstreamPollMs,
  slidingSyncPresence,
}: NonNullable<Configuration['gateway']['homeserver']>): Record<string, string | number | boolean> {
  return {
    HOMESERVER_URL: withoutUserInfo(url),
    HOMESERVER_POLL_MS: upstreamPollMs,
    SLIDING_SYNC_PRESENCE: slidingSyncPresence,
  };
}

function describeTracing({ endpoint, ratio }: NonNullable<Configuration['tracing']>): Record<string, string | number> {
  return { OTEL_EXPORTER_OTLP_ENDPOINT: withoutUserInfo(endpoint), OTEL_TRACES_SAMPLER_ARG: ratio };
}

function describeBridge(
  { registrationFile, otherRegistrationFiles }: NonNullable<Configuration['bridge']>,
  { publicRooms, withheld, shared }: Configuration['roomRules'],
): Record<string, string> {
  return {
    BRIDGE_REGISTRATION_FILE: registrationFile,
    PUBLIC_ROOMS: publicRooms,
    ...(otherRegistrationFiles.length === 0 ? {} : { OTHER_REGISTRATION_FILES: otherRegistrationFiles.join(',') }),
    ...(withheld.length === 0 ? {} : { WITHHELD_ROOMS: withheld.join(',') }),
    ...(shared.length === 0 ? {} : { SHARED_ROOMS: shared.join(',') }),
  };
}

function describeTokens({ introspection, jwt, serverName }: Configuration['gateway']): Record<string, string> {
  return {
    ...(introspection === undefined
      ? {}
      : {
          INTROSPECTION_URL: withoutUserInfo(introspection.url),
          INTROSPECTION_CLIENT_ID: introspection.clientId,
          INTROSPECTION_CLIENT_SECRET: 'set',
        }),
    ...(jwt === undefined
      ? {}
      : {
          ...('url' in jwt.keys ? { JWKS_URL: withoutUserInfo(jwt.keys.url) } : { JWKS_FILE: 'set' }),
          JWT_ISSUER: jwt.issuer,
          JWT_AUDIENCE: jwt.audience,
        }),
    ...(serverName === undefined ? {} : { SERVER_NAME: serverName }),
  };
}

function describeKafka(kafka: NonNullable<Configuration['kafka']>): Record<string, string | number | boolean> {
  return {
    KAFKA_BROKERS: kafka.brokers.join(','),
    ...(kafka.ssl === undefined ? {} : { KAFKA_SSL: true }),
    ...(kafka.sasl === undefined
      ? {}
      : { KAFKA_SASL_MECHANISM: kafka.sasl.mechanism, KAFKA_SASL_USERNAME: 'set', KAFKA_SASL_PASSWORD: 'set' }),
    ...(kafka.replicationFactor === undefined ? {} : { REPLICATION_FACTOR: kafka.replicationFactor }),
  };
}

function withoutUserInfo(text: string): string {
  const url = new URL(text);
  url.username = '';
  url.password = '';
  return url.href;
}
