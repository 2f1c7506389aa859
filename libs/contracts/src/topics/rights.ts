// What each service must be allowed on Kafka, and no more. Invariant: what hidden users hide (registers, snapshots) is read by the
// aggregator and by who re-folds history; only the aggregator writes what it alone computes.
import { copyTopic } from '../copies/copy-mark.js';
import { recipientTopic } from './recipient-topics.js';
import { type TopicWord, topicNames } from './topic-names.js';

type Service = 'aggregator' | 'fanout' | 'gateway' | 'bridge';

/** `producer`: any other service that writes inputs. `analyst`: who reads history. */
export const KAFKA_CLIENTS = ['aggregator', 'fanout', 'gateway', 'bridge', 'producer', 'analyst'] as const;
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
  if (client === 'producer')
    return [{ operations: ['Write'], pattern: 'literal', resources: those(['activity', 'commands']) }];
  if (client === 'analyst') return [beginning({ type: 'topic', name: prefix }, 'Read', 'DescribeConfigs')];
  const group: Resource[] = client === 'gateway' ? [] : [{ type: 'group', name: prefix + client }];
  // In a log that is a copy it says whether the copy is whole.
  const copy: Resource = { type: 'topic', name: copyTopic(prefix) };
  const rights: Right[] = [
    // A service compares every topic with what it needs before it starts.
    beginning({ type: 'topic', name: prefix }, 'Describe', 'DescribeConfigs'),
    { operations: ['Read'], pattern: 'literal', resources: [...those(READ[client]), copy, ...group] },
    { operations: ['Write'], pattern: 'literal', resources: those(WRITE[client]) },
  ];
  if (client === 'aggregator')
    rights.push(beginning({ type: 'transactional-id', name: `${prefix}aggregator-` }, 'Describe', 'Write'));
  if (client === 'fanout') rights.push(beginning({ type: 'topic', name: names.recipientPrefix }, 'Read', 'Write'));
  return rights;
}

/** What is granted to who follows the topic of one recipient: reading it, alone or in a group of its name. */
export function recipientRights(userId: string, prefix: string): Right[] {
  const name = recipientTopic(prefix, userId);
  return [
    {
      operations: ['Read'],
      pattern: 'literal',
      resources: [
        { type: 'topic', name },
        { type: 'group', name },
      ],
    },
  ];
}

function beginning(resource: Resource, ...operations: readonly Operation[]): Right {
  return { operations, pattern: 'prefixed', resources: [resource] };
}
