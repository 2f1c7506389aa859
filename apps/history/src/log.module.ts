// Which log the command line works on: Kafka when KAFKA_BROKERS is set, else the embedded one in DATA_DIR. Invariant: adapters
// are named here and nowhere else in this app; reading an embedded log never writes, so it works beside a running server.
import { resolve } from 'node:path';
import { topicSpecs } from '#libs/contracts';
import { type EventLog, LogUnavailableError } from '#libs/event-log';
import { type Configuration, createMissingTopics } from '#libs/runtime';
import { Failure } from './failure.js';
import type { Access } from './surroundings.js';

async function openToRead(directory: string): Promise<EventLog> {
  const { EmbeddedEventLog } = await import('#libs/event-log-embedded');
  try {
    return await EmbeddedEventLog.open({ directory, readOnly: true });
  } catch (error) {
    if (!(error instanceof LogUnavailableError)) throw error;
    throw new Failure(`${error.message}. Set DATA_DIR or KAFKA_BROKERS as the server has it, or start one: npm start`);
  }
}

async function openEmbedded({ dataDirectory, topics }: Configuration, access: Access): Promise<EventLog> {
  const directory = resolve(dataDirectory);
  if (access === 'read') return openToRead(directory);
  // Opening to write would make a log where there is none.
  if (access === 'hold') await (await openToRead(directory)).close();
  const { EmbeddedEventLog } = await import('#libs/event-log-embedded');
  const log = await EmbeddedEventLog.open({ directory });
  if (access !== 'write') return log;
  try {
    // As `npm start` does: a directory of one process needs no separate permission to have topics.
    await createMissingTopics(log, topicSpecs(topics));
    return log;
  } catch (error) {
    await log.close();
    throw error;
  }
}

async function openKafka(kafka: NonNullable<Configuration['kafka']>): Promise<EventLog> {
  const { KafkaEventLog } = await import('#libs/event-log-kafka');
  return KafkaEventLog.connect(kafka);
}

export function openLog(configuration: Configuration, access: Access): Promise<EventLog> {
  return configuration.kafka === undefined ? openEmbedded(configuration, access) : openKafka(configuration.kafka);
}
