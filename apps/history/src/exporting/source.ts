// What the log holds for an export, looked at once: topics, their ends, and who was forgotten up to there. Invariant: the run reads
// up to these ends and no further, whatever is written meanwhile.
import { topicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { UnknownTopicError } from '#libs/event-log';
import { ForgottenUsers } from './forgotten.js';
import type { TableWord } from './tables.js';

export interface SourceTopic {
  readonly table: TableWord;
  readonly topic: string;
  readonly id: string;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

export interface Source {
  readonly topics: readonly SourceTopic[];
  readonly forgotten: ForgottenUsers;
}

export interface LookOptions {
  readonly log: EventLog;
  readonly prefix: string;
  readonly tables: readonly TableWord[];
  readonly onProgress: (sentence: () => string) => void;
  readonly ending: AbortSignal;
}

export async function lookAt({ log, prefix, tables, onProgress, ending }: LookOptions): Promise<Source> {
  const names = topicNames(prefix);
  const topics: SourceTopic[] = [];
  for (const table of tables) {
    const topic = names[table];
    const description = await log.describeTopic(topic);
    if (description === undefined) throw new UnknownTopicError(`There is no topic ${topic}`);
    topics.push({ table, topic, id: description.id, starts: await log.starts(topic), ends: await log.ends(topic) });
  }
  const changes = topics.find(({ table }) => table === 'changes')?.ends ?? (await log.ends(names.changes));
  const forgotten = await ForgottenUsers.find({
    log,
    topic: names.changes,
    ends: changes,
    ending,
    onProgress: (records) => onProgress(() => `who was forgotten: ${records} changes looked at`),
  });
  return { topics, forgotten };
}
