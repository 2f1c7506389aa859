// `rollcall topics create | check | describe | list | add`. Invariant: what exists is never changed: what differs is told with the
// command that mends it. Only `create` and `add` write, and only what is missing.
import { recipientOf, recipientTopic, recipientTopicSpec, topicSpecs } from '#libs/contracts';
import type { EventLog, TopicDescription, TopicSpec } from '#libs/event-log';
import { isUserId } from '#libs/matrix';
import type { Configuration } from '#libs/runtime';
import { Failure } from '../failure.js';
import { chooseTopic } from '../reading/topic-choice.js';
import { type Output, type Surroundings, withLog } from '../surroundings.js';
import { type Judgement, judgeShape } from './shapes.js';
import { tableOf } from './table.js';

export interface TopicCommand {
  readonly configuration: Configuration;
  readonly surroundings: Surroundings;
  readonly json: boolean;
}

const judgeAll = (log: EventLog, specs: readonly TopicSpec[]): Promise<readonly Judgement[]> =>
  Promise.all(specs.map(async (spec) => judgeShape(spec, await log.describeTopic(spec.name))));

const inJson = (stdout: Output, shown: unknown): Promise<void> => stdout.write(`${JSON.stringify(shown)}\n`);

async function tell(
  { surroundings: { stdout, stderr }, json }: TopicCommand,
  judgements: readonly Judgement[],
): Promise<void> {
  if (json) return inJson(stdout, { topics: judgements });
  const width = Math.max(...judgements.map(({ topic }) => topic.length));
  await stdout.write(judgements.map(({ topic, outcome }) => `${topic.padEnd(width)}  ${outcome}\n`).join(''));
  for (const { faults, notes } of judgements) {
    await stderr.write(
      [...faults, ...notes.map((note) => `note: ${note}`)].map((sentence) => `${sentence}\n`).join(''),
    );
  }
}

/** Exit 0: every topic is as services need it. */
export async function checkTopics(command: TopicCommand): Promise<number> {
  const { configuration, surroundings } = command;
  const specs = topicSpecs(configuration.topics);
  const judgements = await withLog(surroundings, configuration, 'read', (log) => judgeAll(log, specs));
  await tell(command, judgements);
  return judgements.every(({ outcome }) => outcome === 'fits') ? 0 : 1;
}

interface Created {
  readonly topic: string;
  readonly outcome: 'created' | 'exists' | 'differs';
  readonly faults: readonly string[];
}

/** Looks before it writes, so that nothing is created when something differs, and a running server is no hindrance. */
async function createWhatIsMissing(command: TopicCommand, specs: readonly TopicSpec[]): Promise<readonly Created[]> {
  const { configuration, surroundings } = command;
  const isNew = configuration.kafka === undefined && !(await exists(command));
  const before = isNew ? [] : await withLog(surroundings, configuration, 'read', (log) => judgeAll(log, specs));
  const of = (name: string): Judgement | undefined => before.find(({ topic }) => topic === name);
  const missing = specs.filter(({ name }) => (of(name)?.outcome ?? 'missing') === 'missing');
  const differs = before.some(({ outcome }) => outcome === 'differs');
  if (missing.length > 0 && !differs) {
    await withLog(surroundings, configuration, 'write', (log) => log.createTopics(missing));
  }
  return specs.map(({ name }) => {
    const { outcome = 'missing', faults = [] } = of(name) ?? {};
    if (outcome === 'missing')
      return differs ? { topic: name, outcome: 'differs', faults } : { topic: name, outcome: 'created', faults: [] };
    return outcome === 'fits' ? { topic: name, outcome: 'exists', faults: [] } : { topic: name, outcome, faults };
  });
}

/** Whether there is an embedded log to look at yet. */
async function exists({ configuration, surroundings }: TopicCommand): Promise<boolean> {
  try {
    await withLog(surroundings, configuration, 'read', (log) => log.listTopics());
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

async function tellCreated(
  { surroundings: { stdout, stderr }, json }: TopicCommand,
  created: readonly Created[],
): Promise<number> {
  if (json) await inJson(stdout, { topics: created });
  else {
    await stdout.write(created.map(({ topic, outcome }) => `${outcome.padEnd(7)}  ${topic}\n`).join(''));
    await stderr.write(created.flatMap(({ faults }) => faults.map((fault) => `${fault}\n`)).join(''));
  }
  return created.some(({ outcome }) => outcome === 'differs') ? 1 : 0;
}

export async function createTopics(command: TopicCommand): Promise<number> {
  return tellCreated(command, await createWhatIsMissing(command, topicSpecs(command.configuration.topics)));
}

/** A recipient's topic is a subscription: whoever it is named for gets what that user may see. */
export async function addRecipients(command: TopicCommand, userIds: readonly string[]): Promise<number> {
  const { prefix } = command.configuration.topics;
  const wrong = userIds.find((userId) => !isUserId(userId));
  if (wrong !== undefined) throw new Failure(`${wrong} is no Matrix user id; @bot:example.org is one`, 2);
  const specs = userIds.map((userId) => recipientTopicSpec(recipientTopic(prefix, userId)));
  return tellCreated(command, await createWhatIsMissing(command, specs));
}

interface Described extends Omit<TopicDescription, 'readonly'> {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

async function describeOne(log: EventLog, topic: TopicDescription): Promise<Described> {
  const [starts, ends] = await Promise.all([log.starts(topic.name), log.ends(topic.name)]);
  return { ...topic, starts, ends };
}

function describedTable(described: readonly Described[]): string {
  const head = ['topic', 'partitions', 'cleanup', 'kept (ms)', 'stamped', 'offsets'];
  const rows = described.map(
    ({ name, partitions, cleanup, retentionMs, minCompactionLagMs, timestamps, starts, ends }) => {
      const kept =
        cleanup === 'delete' ? (retentionMs ?? 'for ever') : `last of each key, others ${minCompactionLagMs ?? 0}`;
      return [
        name,
        partitions,
        cleanup,
        kept,
        timestamps === 'append' ? 'by the log' : 'by producers',
        sum(ends) - sum(starts),
      ];
    },
  );
  return tableOf(head, rows);
}

/** Some topics, or all under the prefix. */
export async function describeTopics(
  { configuration, surroundings, json }: TopicCommand,
  names: readonly string[],
): Promise<number> {
  const { prefix } = configuration.topics;
  const described = await withLog(surroundings, configuration, 'read', async (log) => {
    const all = (await log.listTopics()).filter((topic) => topic.startsWith(prefix)).sort();
    const topics = await Promise.all((names.length > 0 ? names : all).map((name) => chooseTopic(log, prefix, name)));
    return Promise.all(topics.map((topic) => describeOne(log, topic)));
  });
  if (json) await inJson(surroundings.stdout, { topics: described });
  else await surroundings.stdout.write(describedTable(described));
  return 0;
}

/** Names under the prefix, one a line; recipients' topics with their user. */
export async function listTopics({ configuration, surroundings, json }: TopicCommand): Promise<number> {
  const { prefix } = configuration.topics;
  const names = await withLog(surroundings, configuration, 'read', (log) => log.listTopics());
  const listed = names
    .filter((name) => name.startsWith(prefix))
    .sort()
    .map((name) => {
      const recipient = recipientOf(prefix, name);
      return recipient.kind === 'user' ? { name, recipient: recipient.userId } : { name };
    });
  if (json) await inJson(surroundings.stdout, { topics: listed });
  else
    await surroundings.stdout.write(
      listed.map(({ name, recipient }) => `${name}${recipient === undefined ? '' : `  ${recipient}`}\n`).join(''),
    );
  return 0;
}
