// What a copied log says of its copy, in `presence.copy`: begun, done. Invariant: a copy goes on only into what the very same
// copy began; everything else must be empty.
import {
  TOPIC_WORDS,
  type CopyMark,
  copyTopic,
  copyTopicSpec,
  decodeCopyMark,
  encodeCopyMark,
  topicNames,
} from '#libs/contracts';
import { Failure } from '../failure.js';
import type { OpenPlace } from './places.js';

const KEY = 'copy';

export async function lastMark({ log, prefix, words }: OpenPlace): Promise<CopyMark | undefined> {
  const topic = copyTopic(prefix);
  if ((await log.describeTopic(topic)) === undefined) return undefined;
  let text: string | undefined;
  for await (const { records } of log.read(topic, 0, 0, (await log.ends(topic))[0] ?? 0))
    for (const { value } of records) if (value !== null) text = Buffer.from(value).toString();
  if (text === undefined) return undefined;
  const mark = decodeCopyMark(text);
  if (!mark.ok) throw new Failure(`${topic} in ${words} cannot be read: ${mark.reason}`);
  return mark.record;
}

export async function keepMark({ log, prefix }: OpenPlace, mark: CopyMark): Promise<void> {
  await log.createTopics([copyTopicSpec(prefix)]);
  await log.append(copyTopic(prefix), [{ key: KEY, value: encodeCopyMark(mark) }]);
}

/** Topics may be there already (`topics create`), records not. */
export async function requireEmpty({ log, prefix, words }: OpenPlace): Promise<void> {
  const names = topicNames(prefix);
  for (const word of TOPIC_WORDS) {
    const topic = names[word];
    if ((await log.describeTopic(topic)) === undefined) continue;
    const [starts, ends] = await Promise.all([log.starts(topic), log.ends(topic)]);
    if (ends.some((end, partition) => end > (starts[partition] ?? 0)))
      throw new Failure(
        `${words} is not empty (${topic} holds records): choose another --to, or delete its topics first`,
      );
  }
}
