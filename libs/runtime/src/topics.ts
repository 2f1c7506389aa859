// Services never create topics: they compare what is there with what they need, and refuse to start with a sentence per
// difference and the command that mends it. Invariant: nothing is written here.

import { setTimeout as pause } from 'node:timers/promises';
import {
  TopicMismatchError,
  unfitSettings,
  type EventLog,
  type LogForbiddenError,
  type TopicSpec,
} from '#libs/event-log';

export const TOPICS_COMMAND = 'npm run -s rollcall -- topics create';
const RIGHTS_COMMAND = 'npm run -s rollcall -- topics rights --help';
const COPY_COMMAND = 'npm run -s rollcall -- topics copy';
/** Kafka's controller acknowledges a setting before brokers know it: 1.7 s before, while 320 partitions were being created. */
const SETTINGS_PATIENCE_MS = 10_000;
const LOOK_EVERY_MS = 250;

/** What is missing, and what to do about it. */
export function missingRight({ message }: LogForbiddenError): string {
  return `${message}. Kafka knows this user, who lacks a right; what to grant to whom: ${RIGHTS_COMMAND}`;
}

/**
 * What `npm start` does instead: creates what is missing; what exists must fit.
 * @throws TopicMismatchError
 */
export async function createMissingTopics(log: EventLog, specs: readonly TopicSpec[]): Promise<void> {
  const existing = new Set(await log.listTopics());
  await requireTopics(
    log,
    specs.filter(({ name }) => existing.has(name)),
  );
  const missing = specs.filter(({ name }) => !existing.has(name));
  if (missing.length > 0) await log.createTopics(missing);
}

/**
 * Settings alone that do not fit are looked at again for a while (ms): whoever ran the command that mends them may start at once.
 * @throws TopicMismatchError with all differences, one sentence a line.
 */
export async function requireTopics(
  log: EventLog,
  specs: readonly TopicSpec[],
  settingsPatienceMs = SETTINGS_PATIENCE_MS,
): Promise<void> {
  const givenUpMs = performance.now() + settingsPatienceMs;
  for (;;) {
    const { shape, settings } = await differences(log, specs);
    if (shape.length + settings.length === 0) return;
    if (shape.length > 0 || performance.now() >= givenUpMs)
      throw new TopicMismatchError([...shape, ...settings].join('\n'));
    await pause(LOOK_EVERY_MS);
  }
}

/**
 * A copy that was cut off holds a part of what it should: nobody starts on it. `copyTopic` exists only in logs that are copies;
 * its last record says whether it is whole.
 * @throws TopicMismatchError
 */
export async function requireWholeCopy(
  log: EventLog,
  copyTopic: string,
  isDone: (text: string) => boolean,
): Promise<void> {
  if ((await log.describeTopic(copyTopic)) === undefined) return;
  let last: string | undefined;
  for await (const { records } of log.read(copyTopic, 0, 0, (await log.ends(copyTopic))[0] ?? 0))
    for (const { value } of records) if (value !== null) last = Buffer.from(value).toString('utf8');
  if (last !== undefined && isDone(last)) return;
  throw new TopicMismatchError(
    `${copyTopic} says that these topics are a copy that is not finished; the same command as before goes on with it: ${COPY_COMMAND}`,
  );
}

interface Differences {
  /** Topics that are missing or have another count of partitions. */
  readonly shape: readonly string[];
  readonly settings: readonly string[];
}

async function differences(log: EventLog, specs: readonly TopicSpec[]): Promise<Differences> {
  const missing: string[] = [];
  const counts: string[] = [];
  const settings: string[] = [];
  for (const spec of specs) {
    const found = await log.describeTopic(spec.name);
    if (found === undefined) {
      missing.push(spec.name);
      continue;
    }
    if (found.partitions !== spec.partitions)
      counts.push(
        `Topic ${spec.name} has ${String(found.partitions)} partitions and PARTITIONS or DELIVERY_PARTITIONS asks for ${String(spec.partitions)}; set them as the topic is, or copy to topics of another count: ${COPY_COMMAND}`,
      );
    for (const { name, value, wanted, command } of unfitSettings(found, spec))
      settings.push(
        `Topic ${spec.name} has ${name}=${value} and must have ${wanted}; this command mends it: ${command}`,
      );
  }
  if (missing.length === 0) return { shape: counts, settings };
  const subject = missing.length === 1 ? `Topic ${String(missing[0])} does` : `Topics ${missing.join(', ')} do`;
  return {
    shape: [`${subject} not exist; this command creates what is missing: ${TOPICS_COMMAND}`, ...counts],
    settings,
  };
}
