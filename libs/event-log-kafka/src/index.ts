// The event log on Apache Kafka. Only what is exported here may be used by others: nothing of the Kafka client shows.
export { KafkaEventLog } from './kafka-event-log.js';
export type { ExaminedBroker, HangingTransaction, Rehearsal } from './kafka-event-log.js';
export type { KafkaLogger, KafkaOptions, SaslOptions } from './options.js';
