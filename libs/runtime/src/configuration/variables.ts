// Every variable that a process reads, one property each, with what it may hold. Invariant: a property's name is the
// variable's name, and its type is always text: turning text into values happens once, in `read.ts`, after all have been checked.

import { OneOf, Variable, Whole, YesOrNo } from './rules.js';

const LONGEST_SPAN_MS = 31_536_000_000;
const span = Whole({ from: 1, to: LONGEST_SPAN_MS, unit: 'milliseconds' });
const BROKER = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/;

/** The parts of a list that is separated by commas. */
export function listOf(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function isBrokerList(text: string): boolean {
  const brokers = listOf(text);
  return brokers.length > 0 && brokers.every(isBroker);
}

function isBroker(text: string): boolean {
  const port = Number(BROKER.exec(text)?.[2] ?? 0);
  return port >= 1 && port <= 65_535;
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function isServerName(text: string): boolean {
  return text.length <= 230 && /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.test(text);
}

function isVisible(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

const visible = Variable({ allowed: 'visible ASCII characters without spaces', accepts: isVisible });
const url = Variable({ allowed: 'an http:// or https:// URL, such as https://matrix.example.org', accepts: isHttpUrl });
const path = Variable({ allowed: 'a path', accepts: (text) => !text.includes('\0') });
const paths = Variable({ allowed: 'paths, separated by commas', accepts: (text) => !text.includes('\0') });
const globs = Variable({
  allowed: 'room ids with * and ?, separated by commas, such as !abc*:example.org',
  accepts: (text) => listOf(text).every((glob) => /^[!*?]/.test(glob)),
});
const secret = (allowed: string): PropertyDecorator => Variable({ allowed, secret: true, accepts: isVisible });

export class Variables {
  @Variable({ allowed: 'host:port, several separated by commas, such as 127.0.0.1:9092', accepts: isBrokerList })
  KAFKA_BROKERS?: string;
  @YesOrNo() KAFKA_SSL?: string;
  @path KAFKA_SSL_CA?: string;
  @path KAFKA_SSL_CERT?: string;
  @path KAFKA_SSL_KEY?: string;
  @OneOf('plain', 'scram-sha-256', 'scram-sha-512') KAFKA_SASL_MECHANISM?: string;
  @Variable({ allowed: 'a name', accepts: (text) => text.trim() !== '' }) KAFKA_SASL_USERNAME?: string;
  @Variable({ allowed: 'a password', secret: true, accepts: (text) => text !== '' }) KAFKA_SASL_PASSWORD?: string;
  @Whole({ from: 1, to: 1_000 }) REPLICATION_FACTOR?: string;

  @Variable({
    allowed: 'up to 100 of the characters A-Z a-z 0-9 . _ -',
    accepts: (text) => /^[A-Za-z0-9._-]{1,100}$/.test(text),
  })
  TOPIC_PREFIX?: string;
  @Whole({ from: 1, to: 10_000 }) PARTITIONS?: string;
  @Whole({ from: 1, to: 10_000 }) DELIVERY_PARTITIONS?: string;
  @path DATA_DIR?: string;

  @Variable({
    allowed: 'a host name or an address, such as 127.0.0.1 or ::1',
    accepts: (text) => /^[A-Za-z0-9._:-]+$/.test(text),
  })
  HTTP_HOST?: string;
  @Whole({ from: 0, to: 65_535 }) HTTP_PORT?: string;

  @path STATIC_TOKENS_FILE?: string;
  @url JWKS_URL?: string;
  @path JWKS_FILE?: string;
  @visible JWT_ISSUER?: string;
  @visible JWT_AUDIENCE?: string;
  @visible JWT_USER_CLAIM?: string;
  @visible JWT_DEVICE_CLAIM?: string;
  @url INTROSPECTION_URL?: string;
  @visible INTROSPECTION_CLIENT_ID?: string;
  @secret('visible ASCII characters without spaces') INTROSPECTION_CLIENT_SECRET?: string;
  @visible INTROSPECTION_USER_CLAIM?: string;
  @visible INTROSPECTION_SCOPE?: string;
  @Variable({ allowed: 'a Matrix server name, such as example.org', accepts: isServerName }) SERVER_NAME?: string;
  @Whole({ from: 0, to: 3_600_000, unit: 'milliseconds' }) TOKEN_CACHE_MS?: string;
  @Whole({ from: 0, to: 86_400_000, unit: 'milliseconds' }) TOKEN_STALE_MS?: string;
  @url WHOAMI_URL?: string;
  @url HOMESERVER_URL?: string;
  @Whole({ from: 0, to: 600_000, unit: 'milliseconds' }) HOMESERVER_POLL_MS?: string;
  @YesOrNo() SLIDING_SYNC_PRESENCE?: string;
  @path BRIDGE_REGISTRATION_FILE?: string;
  @paths OTHER_REGISTRATION_FILES?: string;
  @OneOf('share', 'withhold') PUBLIC_ROOMS?: string;
  @globs WITHHELD_ROOMS?: string;
  @globs SHARED_ROOMS?: string;
  @secret('visible ASCII characters without spaces') ADMIN_TOKEN?: string;
  @OneOf('unstable', 'stable') BUSY_NAME?: string;
  @Variable({
    allowed: 'a number above 0, such as 5 or 0.1',
    accepts: (text) => /^\d{1,9}(\.\d{1,9})?$/.test(text) && Number(text) > 0,
  })
  PUT_PER_SECOND?: string;
  @Whole({ from: 1, to: 1_000_000 }) PUT_BURST?: string;

  @Whole({ from: 2, to: 10_000_000 }) MAX_ROOM_MEMBERS?: string;
  @Whole({ from: 0, to: 1_000_000 }) MAX_RECIPIENT_TOPICS?: string;
  @YesOrNo() ACCEPT_LOSS?: string;
  @YesOrNo() DEMO?: string;
  @Whole({ from: 1_000, to: LONGEST_SPAN_MS, unit: 'milliseconds' }) SNAPSHOT_EVERY_MS?: string;

  @span IDLE_AFTER_MS?: string;
  @span ACTIVE_FOR_MS?: string;
  @span OFFLINE_AFTER_MS?: string;
  @span BUSY_OFFLINE_AFTER_MS?: string;
  @span MAX_LEASE_MS?: string;

  @url OTEL_EXPORTER_OTLP_ENDPOINT?: string;
  @Variable({
    allowed: 'a number from 0 to 1, such as 0.01',
    accepts: (text) => /^(0(\.\d{1,9})?|1(\.0{1,9})?)$/.test(text),
  })
  OTEL_TRACES_SAMPLER_ARG?: string;
  @OneOf('debug', 'info', 'warn', 'error', 'silent') LOG_LEVEL?: string;
  @Whole({ from: 100, to: 600_000, unit: 'milliseconds' }) SHUTDOWN_TIMEOUT_MS?: string;
}

export type VariableName = keyof Variables;
