// What --from and --to name: a prefix on the configured log, or a directory with an embedded log. Invariant: what holds a slash
// is a directory, whose topics begin with TOPIC_PREFIX; everything else is a prefix, in which Kafka allows no slash.
import { isAbsolute, resolve } from 'node:path';
import { prefixFault, type TopicNames, topicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import type { Configuration } from '#libs/runtime';
import { Failure } from '../failure.js';

export interface Place {
  readonly prefix: string;
  /** For people. */
  readonly words: string;
  /** Whatever opens this log. */
  readonly configuration: Configuration;
  /** Equal for places on one log. */
  readonly logKey: string;
  readonly isEmbedded: boolean;
}

/** A place whose log is open. */
export interface OpenPlace extends Place {
  readonly log: EventLog;
  readonly topics: TopicNames;
}

export function opened(place: Place, log: EventLog): OpenPlace {
  return { ...place, log, topics: topicNames(place.prefix) };
}

/** @param folder from where a relative directory is meant */
export function placeOf(text: string, configuration: Configuration, folder: string): Place {
  const isDirectory = text.includes('/') || text === '.' || text === '..';
  const prefix = isDirectory ? configuration.topics.prefix : text;
  const fault = prefixFault(prefix);
  if (fault !== undefined) throw new Failure(`${text} is no place: ${fault}. A directory is written with a slash.`, 2);
  const topics = { ...configuration.topics, prefix };
  const { kafka, ...rest } = configuration;
  if (kafka !== undefined && !isDirectory) {
    const brokers = kafka.brokers.join(',');
    const words = `${prefix} on ${brokers}`;
    return { prefix, words, configuration: { ...configuration, topics }, logKey: brokers, isEmbedded: false };
  }
  const given = isDirectory ? text : configuration.dataDirectory;
  const dataDirectory = isAbsolute(given) ? given : resolve(isDirectory ? folder : '.', given);
  const words = `${prefix} in ${dataDirectory}`;
  return { prefix, words, configuration: { ...rest, dataDirectory, topics }, logKey: dataDirectory, isEmbedded: true };
}

export function requireTwo(from: Place, to: Place): void {
  if (from.logKey === to.logKey && from.prefix === to.prefix)
    throw new Failure(`--from and --to are the same place: ${from.words}`, 2);
}
