// Which topic somebody means: its whole name, its name without the prefix, or a user id for that recipient's topic.
// Invariant: a name that exists as it stands is never taken for another.
import { recipientTopic } from '#libs/contracts';
import type { EventLog, TopicDescription } from '#libs/event-log';
import { Failure } from '../failure.js';

export async function chooseTopic(log: EventLog, prefix: string, name: string): Promise<TopicDescription> {
  const candidates = name.startsWith('@')
    ? [recipientTopic(prefix, name)]
    : [name.startsWith(prefix) ? name : `${prefix}${name}`, name];
  for (const candidate of candidates) {
    const found = await log.describeTopic(candidate);
    if (found !== undefined) return found;
  }
  const all = await log.listTopics();
  const known = all.filter((topic) => topic.startsWith(prefix)).map((topic) => topic.slice(prefix.length));
  const hint =
    known.length > 0
      ? `There are: ${known.sort().slice(0, 30).join(', ')}`
      : 'There are none under this prefix: rollcall topics create';
  throw new Failure(`There is no topic ${candidates[0] ?? name}. ${hint}`);
}
