// The names of the topics under a prefix. Invariant: nobody else puts a topic's name together.

export type TopicWord =
  | 'activity'
  | 'commands'
  | 'states'
  | 'changes'
  | 'registers'
  | 'snapshots'
  | 'memberships'
  | 'rooms'
  | 'deliveries'
  | 'rejected';

export const TOPIC_WORDS: readonly TopicWord[] = [
  'activity',
  'commands',
  'states',
  'changes',
  'registers',
  'snapshots',
  'memberships',
  'rooms',
  'deliveries',
  'rejected',
];

export type TopicNames = Readonly<Record<TopicWord, string>> & {
  /** Before the escaped recipient. */
  readonly recipientPrefix: string;
};

export const DEFAULT_PREFIX = 'presence.';

export function topicNames(prefix: string): TopicNames {
  return {
    activity: `${prefix}activity`,
    commands: `${prefix}commands`,
    states: `${prefix}states`,
    changes: `${prefix}changes`,
    registers: `${prefix}registers`,
    snapshots: `${prefix}snapshots`,
    memberships: `${prefix}memberships`,
    rooms: `${prefix}rooms`,
    deliveries: `${prefix}deliveries`,
    rejected: `${prefix}rejected`,
    recipientPrefix: `${prefix}to.`,
  };
}

/** What is wrong with a prefix, as a sentence; undefined = Kafka takes every topic under it. */
export function prefixFault(prefix: string): string | undefined {
  if (!/^[A-Za-z0-9._-]*$/.test(prefix)) return 'a topic prefix may hold only letters, digits, ".", "_" and "-"';
  if (prefix.length > 100) return 'a topic prefix may be at most 100 characters long';
  return undefined;
}
