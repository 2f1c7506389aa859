// What each client must be allowed on Kafka. Invariant: the private topics (registers, snapshots) are read by the aggregator and by who
// re-folds history; only the aggregator writes what it alone computes.
import { copyTopic } from '../copies/copy-mark.js';
import { recipientTopic } from './recipient-topics.js';
import { TOPIC_WORDS, type TopicWord, topicNames } from './topic-names.js';

type Service = 'aggregator' | 'fanout' | 'gateway' | 'bridge';

/**
 * `producer`: any other service that tells of activity; commands are more, they set, override and forget. `analyst`: who reads
 * history. `operator`: the command line, but for what makes topics.
 */
export const KAFKA_CLIENTS = ['aggregator', 'fanout', 'gateway', 'bridge', 'producer', 'analyst', 'operator'] as const;
export type KafkaClient = (typeof KAFKA_CLIENTS)[number];

/** As Kafka's tools name them. Read and Write allow Describe. */
export type Operation = 'Read' | 'Write' | 'Describe' | 'DescribeConfigs';

export interface Resource {
  readonly type: 'topic' | 'group' | 'transactional-id';
  readonly name: string;
}

/** The operations on each of the resources. */
export interface Right {
  readonly operations: readonly Operation[];
  /** `prefixed`: whatever begins with the name. */
  readonly pattern: 'literal' | 'prefixed';
  readonly resources: readonly Resource[];
}

type Words = readonly TopicWord[];

const READ: Readonly<Record<Service, Words>> = {
  aggregator: ['activity', 'commands', 'states', 'registers'],
  fanout: ['changes', 'states', 'memberships', 'rooms'],
  gateway: ['commands', 'states', 'changes', 'memberships', 'rooms', 'deliveries', 'rejected'],
  bridge: ['memberships', 'rooms'],
};
const WRITE: Readonly<Record<Service, Words>> = {
  aggregator: ['states', 'changes', 'registers', 'snapshots', 'rejected'],
  fanout: ['deliveries', 'rejected'],
  gateway: ['activity', 'commands', 'memberships', 'rooms'],
  bridge: ['activity', 'memberships', 'rooms'],
};

/** What a client is granted under a prefix. */
export function rightsOf(client: KafkaClient, prefix: string): Right[] {
  const names = topicNames(prefix);
  const those = (words: Words): Resource[] => words.map((word) => ({ type: 'topic', name: names[word] }));
  if (client === 'producer') return [literal(those(['activity']), 'Write')];
  // In a log that is a copy it says whether the copy is whole.
  const copy: Resource = { type: 'topic', name: copyTopic(prefix) };
  const all = [...those(TOPIC_WORDS), copy];
  const recipients: Resource = { type: 'topic', name: names.recipientPrefix };
  if (client === 'analyst' || client === 'operator') {
    const reading = [literal(all, 'Read', 'DescribeConfigs'), beginning(recipients, 'Read', 'DescribeConfigs')];
    const written: Words = ['activity', 'commands', 'memberships', 'rooms'];
    return client === 'analyst' ? reading : [...reading, literal(those(written), 'Write')];
  }
  const group: Resource[] = client === 'gateway' ? [] : [{ type: 'group', name: prefix + client }];
  const rights = [
    // A service compares every topic with what it needs before it starts.
    literal(all, 'Describe', 'DescribeConfigs'),
    literal([...those(READ[client]), copy, ...group], 'Read'),
    literal(those(WRITE[client]), 'Write'),
  ];
  const ids: Resource = { type: 'transactional-id', name: `${prefix}aggregator-` };
  if (client === 'aggregator') rights.push(beginning(ids, 'Write'));
  if (client === 'fanout') rights.push(beginning(recipients, 'Read', 'Write', 'DescribeConfigs'));
  return rights;
}

/** What is granted to who follows the topic of one recipient: reading it, alone or in a group of its name. */
export function recipientRights(userId: string, prefix: string): Right[] {
  const name = recipientTopic(prefix, userId);
  const topic: Resource = { type: 'topic', name };
  return [literal([topic, { type: 'group', name }], 'Read'), literal([topic], 'DescribeConfigs')];
}

function literal(resources: readonly Resource[], ...operations: readonly Operation[]): Right {
  return { operations, pattern: 'literal', resources };
}

function beginning(resource: Resource, ...operations: readonly Operation[]): Right {
  return { operations, pattern: 'prefixed', resources: [resource] };
}
