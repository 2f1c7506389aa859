// What groups have committed, on disk. Invariant: the last commit of a topic-partition wins; a position of a topic that
// was deleted is nobody's, since it carries its topic's number.
import type { GroupOffset } from '#libs/event-log';
import type { Environment, Writes } from './environment.js';
import { afterPrefix, offsetKey, offsetsPrefix } from './layout.js';
import type { TopicRegistry } from './topic-registry.js';

interface StoredOffset {
  readonly topicNumber: number;
  readonly position: GroupOffset;
}

export class CommittedOffsets {
  constructor(
    private readonly environment: Environment,
    private readonly registry: TopicRegistry,
  ) {}

  /** Puts positions inside a transaction. */
  put(writes: Writes, group: string, positions: readonly GroupOffset[]): void {
    for (const position of positions) {
      const topicNumber = this.registry.find(position.topic)?.number;
      if (topicNumber === undefined) continue;
      const stored: StoredOffset = { topicNumber, position };
      writes.put(offsetKey(group, position.topic, position.partition), Buffer.from(JSON.stringify(stored)));
    }
  }

  get(group: string, topic: string): Map<number, GroupOffset> {
    const prefix = offsetsPrefix(group, topic);
    const { number } = this.registry.get(topic);
    const found = new Map<number, GroupOffset>();
    for (const { value } of this.environment.range(prefix, afterPrefix(prefix))) {
      const { topicNumber, position } = JSON.parse(value.toString()) as StoredOffset;
      if (topicNumber === number) found.set(position.partition, position);
    }
    return found;
  }
}
