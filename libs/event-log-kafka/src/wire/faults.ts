// What a failure of the wire means for whoever asked: ask again, ask after looking where things are now, or give up.
// Invariant: only errors that the broker or the connection can get over by themselves are asked again.
import {
  FencedError,
  LogForbiddenError,
  LogUnavailableError,
  OffsetOutOfRangeError,
  RecordTooLargeError,
  TopicMismatchError,
  TransactionError,
  UnknownTopicError,
} from '#libs/event-log';
import protocolErrors from 'kafkajs/src/protocol/error.js';

/** An error with Kafka's own name for it, such as NOT_LEADER_FOR_PARTITION. */
export interface WireError extends Error {
  readonly type?: string;
  readonly retriable?: boolean;
}

/** Names of codes that kafkajs does not know. */
const NEWER: Readonly<Record<number, string>> = {
  89: 'THROTTLING_QUOTA_EXCEEDED',
  90: 'PRODUCER_FENCED',
  100: 'UNKNOWN_TOPIC_ID',
  103: 'INCONSISTENT_TOPIC_ID',
  105: 'TRANSACTIONAL_ID_NOT_FOUND',
  120: 'TRANSACTION_ABORTABLE',
};

class NewerProtocolError extends Error {
  override readonly name = 'KafkaJSProtocolError';
  readonly retriable = false;

  constructor(
    readonly type: string,
    readonly code: number,
  ) {
    super(`${type} (code ${code})`);
  }
}

export const errorOfCode = (code: number): WireError => {
  const newer = NEWER[code];
  return newer === undefined ? protocolErrors.createErrorFromCode(code) : new NewerProtocolError(newer, code);
};

const OF_THE_CONNECTION = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSLockTimeout',
  'NoBrokerError',
]);

const PASSING = new Set([
  'CORRUPT_MESSAGE',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REQUEST_TIMED_OUT',
  'BROKER_NOT_AVAILABLE',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'CONCURRENT_TRANSACTIONS',
  'KAFKA_STORAGE_ERROR',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'UNSTABLE_OFFSET_COMMIT',
  'THROTTLING_QUOTA_EXCEEDED',
  'PREFERRED_LEADER_NOT_AVAILABLE',
  'ELIGIBLE_LEADERS_NOT_AVAILABLE',
]);

const FENCED = new Set([
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'TRANSACTION_COORDINATOR_FENCED',
  'INVALID_PRODUCER_ID_MAPPING',
]);
const FORBIDDEN = /^(?:TOPIC|GROUP|CLUSTER|TRANSACTIONAL_ID)_AUTHORIZATION_FAILED$/;
/** Of a transaction with a topic that is refused, Kafka says of the others only that they were not tried. */
const ANOTHER_TOPIC = 'a topic of the transaction does not exist, or may not be written';
const TOO_LARGE = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE', 'OFFSET_METADATA_TOO_LARGE']);

/** For a promise whose failure another waits for, or will meet again. */
export const toldElsewhere = (): undefined => undefined;

export const isOfTheConnection = (error: unknown): boolean => OF_THE_CONNECTION.has((error as Error).name);
export const typeOf = (error: unknown): string | undefined => (error as WireError).type;
export const isPassing = (error: unknown): boolean => isOfTheConnection(error) || PASSING.has(typeOf(error) ?? '');
export const isFenced = (error: unknown): boolean => FENCED.has(typeOf(error) ?? '');
export const isUnknownTopic = (error: unknown): boolean =>
  ['UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_ID'].includes(typeOf(error) ?? '');

const OURS = [
  LogUnavailableError,
  LogForbiddenError,
  FencedError,
  RecordTooLargeError,
  UnknownTopicError,
  TopicMismatchError,
  TransactionError,
  OffsetOutOfRangeError,
];

/** An error in the port's words. What the port has no word for stays as it is. */
export function inPortWords(error: unknown, doing: string): Error {
  const wire = error as WireError;
  if (OURS.some((kind) => error instanceof kind)) return wire;
  const sentence = `${doing}: ${wire.type === 'OPERATION_NOT_ATTEMPTED' ? ANOTHER_TOPIC : wire.message}`;
  if (isFenced(error)) return new FencedError(sentence, { cause: error });
  if (FORBIDDEN.test(wire.type ?? '')) return new LogForbiddenError(sentence, { cause: error });
  if (TOO_LARGE.has(wire.type ?? '')) return new RecordTooLargeError(sentence, { cause: error });
  if (isUnknownTopic(error)) return new UnknownTopicError(sentence, { cause: error });
  if (isPassing(error)) return new LogUnavailableError(sentence, { cause: error });
  return new Error(sentence, { cause: error });
}
