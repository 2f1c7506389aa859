// What the adapter is told when it connects. Invariant: every time that decides about fail-over or waiting is named
// here with its default, so that an operator finds them in one place and a test can shorten them.
import type { ConnectionOptions } from 'node:tls';

export type SaslOptions =
  | { readonly mechanism: 'plain'; readonly username: string; readonly password: string }
  | { readonly mechanism: 'scram-sha-256'; readonly username: string; readonly password: string }
  | { readonly mechanism: 'scram-sha-512'; readonly username: string; readonly password: string };

export interface KafkaLogger {
  debug(message: string, details?: Readonly<Record<string, unknown>>): void;
  info(message: string, details?: Readonly<Record<string, unknown>>): void;
  warn(message: string, details?: Readonly<Record<string, unknown>>): void;
  error(message: string, details?: Readonly<Record<string, unknown>>): void;
}

export interface KafkaOptions {
  /** host:port of some brokers; the rest are found. */
  readonly brokers: readonly string[];
  /** Shows up in the broker's logs and quotas. */
  readonly clientId: string;
  readonly ssl?: boolean | ConnectionOptions;
  readonly sasl?: SaslOptions;
  readonly logger?: KafkaLogger;
  /** Wall clock, milliseconds since the epoch. */
  readonly now?: () => number;
  /** Replicas of created topics; default min(3, brokers). From 3 on `min.insync.replicas` is 2. */
  readonly replicationFactor?: number;
  readonly sessionTimeoutMs?: number;
  readonly heartbeatIntervalMs?: number;
  readonly rebalanceTimeoutMs?: number;
  readonly transactionTimeoutMs?: number;
  readonly fetchWaitMs?: number;
  /** How long an append may try before it fails as LogUnavailableError. */
  readonly appendTimeoutMs?: number;
  /** How long any other request may try before it fails as LogUnavailableError. */
  readonly requestTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
}

export type Settings = Required<Omit<KafkaOptions, 'ssl' | 'sasl' | 'replicationFactor'>> &
  Pick<KafkaOptions, 'ssl' | 'sasl' | 'replicationFactor'>;

const silent: KafkaLogger = { debug() {}, info() {}, warn() {}, error() {} };

/** The defaults: session 6 s (the broker's default minimum), heartbeat 500 ms, rebalance 10 s, transactions 10 s, fetch wait 250 ms. */
export function settingsFrom(options: KafkaOptions): Settings {
  return {
    logger: silent,
    now: () => Date.now(),
    sessionTimeoutMs: 6_000,
    heartbeatIntervalMs: 500,
    rebalanceTimeoutMs: 10_000,
    transactionTimeoutMs: 10_000,
    fetchWaitMs: 250,
    appendTimeoutMs: 10_000,
    requestTimeoutMs: 10_000,
    connectTimeoutMs: 3_000,
    ...options,
  };
}
