// Which log the command line works on: Kafka when KAFKA_BROKERS is set, else the embedded one in DATA_DIR. Invariant: adapters
// are named here and nowhere else in this app; reading an embedded log never writes, so it works beside a running server.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { topicSpecs } from '#libs/contracts';
import { type EventLog, LogHeldError } from '#libs/event-log';
import { type Configuration, createMissingTopics } from '#libs/runtime';
import { Failure } from './failure.js';

async function openEmbedded({ dataDirectory, topics }: Configuration, access: 'read' | 'write'): Promise<EventLog> {
  const directory = resolve(dataDirectory);
  if (access === 'read' && !existsSync(directory)) {
    throw new Failure(
      `There is no log in ${directory}. Set DATA_DIR or KAFKA_BROKERS as the server has it, or start one: npm start`,
    );
  }
  const { EmbeddedEventLog } = await import('#libs/event-log-embedded');
  if (access === 'read') return EmbeddedEventLog.open({ directory, readOnly: true });
  try {
    const log = await EmbeddedEventLog.open({ directory });
    // As `npm start` does: a directory of one process needs no separate permission to have topics.
    await createMissingTopics(log, topicSpecs(topics));
    return log;
  } catch (error) {
    if (!(error instanceof LogHeldError)) throw error;
    throw new Failure(
      `A running server holds ${directory}. Write through it with --server URL (npm start prints the URL, http://127.0.0.1:8090 by default), or stop it first.`,
    );
  }
}

async function openKafka(kafka: NonNullable<Configuration['kafka']>): Promise<EventLog> {
  const { KafkaEventLog } = await import('#libs/event-log-kafka');
  return KafkaEventLog.connect(kafka);
}

export function openLog(configuration: Configuration, access: 'read' | 'write'): Promise<EventLog> {
  return configuration.kafka === undefined ? openEmbedded(configuration, access) : openKafka(configuration.kafka);
}
