// Why a process did not start, in words for its operator. Invariant: what an operator can mend is a sentence without a stack;
// a stack means a bug of ours.

import {
  FencedError,
  LogForbiddenError,
  LogHeldError,
  LogUnavailableError,
  TopicMismatchError,
  UnknownTopicError,
} from '#libs/event-log';
import type { Configuration } from './configuration/configuration.js';
import { ConfigurationError, VARIABLE_NAMES } from './configuration/read.js';
import { missingRight } from './topics.js';

export interface StartFailure {
  readonly text: string;
  /** The environment is to be mended, rather than the world. */
  readonly isConfiguration: boolean;
}

const WORDS_OF_THE_LOG = [LogHeldError, UnknownTopicError, FencedError];

export function explainStart(thrown: unknown, configuration: Configuration): StartFailure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof ConfigurationError || beginsWithVariable(error.message)) {
    return { text: error.message, isConfiguration: true };
  }
  if (error instanceof LogUnavailableError && configuration.kafka !== undefined) {
    const brokers = configuration.kafka.brokers.join(',');
    const tls =
      configuration.kafka.ssl === undefined ? '' : ' (KAFKA_SSL is in force: do they speak TLS on that port?)';
    const text = `KAFKA_BROKERS is "${brokers}", and none of them can be used now: ${error.message}${tls}`;
    return { text, isConfiguration: false };
  }
  if (error instanceof LogUnavailableError) {
    const told = error.cause instanceof Error ? systemFault(error.cause, configuration) : undefined;
    const text = told ?? `DATA_DIR is "${configuration.dataDirectory}", which cannot be used now: ${error.message}`;
    return { text, isConfiguration: false };
  }
  if (error instanceof TopicMismatchError)
    return { text: `${error.message}\n${whereLooked(configuration)}`, isConfiguration: false };
  if (error instanceof LogForbiddenError) return { text: missingRight(error), isConfiguration: false };
  if (WORDS_OF_THE_LOG.some((kind) => error instanceof kind)) return { text: error.message, isConfiguration: false };
  const sentence = systemFault(error, configuration);
  return { text: sentence ?? error.stack ?? error.message, isConfiguration: false };
}

/** Often the topics are right, and somewhere else. */
function whereLooked({ kafka, dataDirectory, topics }: Configuration): string {
  const place =
    kafka === undefined ? `DATA_DIR is "${dataDirectory}"` : `KAFKA_BROKERS is "${kafka.brokers.join(',')}"`;
  return `It was looked for where ${place} and TOPIC_PREFIX is "${topics.prefix}".`;
}

/** So a part of an app may refuse its own variable (a file's content, say) with a plain error. */
function beginsWithVariable(message: string): boolean {
  return VARIABLE_NAMES.some((name) => message.startsWith(`${name} `) || message.startsWith(`${name}:`));
}

function systemFault(
  error: NodeJS.ErrnoException,
  { http: { host, port }, dataDirectory }: Configuration,
): string | undefined {
  const place = error.path ?? dataDirectory;
  const directory = `DATA_DIR is "${dataDirectory}"`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `HTTP_PORT is ${String(port)}, and another process listens there on ${host}; stop that one, choose another port, or HTTP_PORT=0 for any free one.`;
    case 'EADDRNOTAVAIL':
      return `HTTP_HOST is "${host}", which is no address of this machine; allowed: an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them.`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `HTTP_HOST is "${host}", a name that cannot be found; allowed: a name or an address of this machine.`;
    case 'EACCES':
    case 'EPERM':
      if (error.syscall === 'listen')
        return `HTTP_PORT is ${String(port)}, which this user may not listen on; allowed: a port from 1024 on.`;
      return `${directory}, and ${place} may not be written by this user.`;
    case 'EROFS':
      return `${directory}, and ${place} is on a file system that is read-only.`;
    case 'ENOSPC':
      return `${directory}, and no space is left for ${place}.`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${directory}, and ${place} is no directory.`;
    default:
      return undefined;
  }
}
