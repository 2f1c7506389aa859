// Which topics there are. Invariant: a topic's number is never used again, so that what a deleted topic left behind can
// be removed at leisure and never shows under a new topic's name.
import { randomUUID } from 'node:crypto';
import { requireShape, type TopicDescription, type TopicSpec, UnknownTopicError } from '#libs/event-log';
import type { CommitGroup } from './commit-group.js';
import type { Environment } from './environment.js';
import {
  afterPrefix,
  decodeHead,
  FORMAT,
  headKey,
  ROOT_KEY,
  TOPIC_PREFIX,
  topicKey,
  TRASH_PREFIX,
  trashKey,
} from './layout.js';
import { Partition } from './partition.js';

interface Root {
  readonly format: number;
  readonly nextTopic: number;
  readonly revision: number;
}

interface StoredTopic {
  readonly number: number;
  readonly description: TopicDescription;
}

export interface Topic extends StoredTopic {
  readonly partitions: readonly Partition[];
}

export interface Trash {
  readonly number: number;
  readonly partitions: number;
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

export class TopicRegistry {
  private topics = new Map<string, Topic>();
  private root: Root = { format: FORMAT, nextTopic: 1, revision: -1 };

  constructor(private readonly environment: Environment) {
    this.load();
  }

  /** Reads again what another process may have changed; a single look when it has not. */
  load(): void {
    const root = this.environment.getJson<Root>(ROOT_KEY);
    if (root === undefined || root.revision === this.root.revision) return;
    if (root.format > FORMAT) {
      throw new Error(
        `The log in ${this.environment.options.directory} has format ${root.format}; this Rollcall reads up to ${FORMAT}`,
      );
    }
    const known = this.topics;
    this.topics = new Map();
    const prefix = Buffer.from([TOPIC_PREFIX]);
    for (const { value } of this.environment.range(prefix, afterPrefix(prefix))) {
      const stored = JSON.parse(value.toString()) as StoredTopic;
      const { name } = stored.description;
      const same = known.get(name);
      this.topics.set(
        name,
        same?.number === stored.number ? same : { ...stored, partitions: this.partitionsOf(stored) },
      );
    }
    this.root = root;
  }

  private partitionsOf({ number, description }: StoredTopic): Partition[] {
    return Array.from({ length: description.partitions }, (_, partition) => {
      const head = this.environment.get(headKey(number, partition));
      return new Partition(description.name, number, partition, head === undefined ? undefined : decodeHead(head));
    });
  }

  names(): string[] {
    return [...this.topics.keys()].sort();
  }

  all(): Iterable<Topic> {
    return this.topics.values();
  }

  find(name: string): Topic | undefined {
    return this.topics.get(name);
  }

  get(name: string): Topic {
    const topic = this.topics.get(name);
    if (topic === undefined)
      throw new UnknownTopicError(`There is no topic ${name} in ${this.environment.options.directory}`);
    return topic;
  }

  partition(name: string, partition: number): Partition {
    const found = this.get(name).partitions[partition];
    if (found === undefined) throw new RangeError(`${name} has no partition ${partition}`);
    return found;
  }

  /** Puts what is missing into the group; returns what to do once that is committed. */
  create(
    specs: readonly TopicSpec[],
    group: () => CommitGroup,
  ): { done: Promise<void>; publish: () => void } | undefined {
    for (const spec of specs) requireShape(spec, this.topics.get(spec.name)?.description);
    const missing = [
      ...new Map(specs.filter(({ name }) => !this.topics.has(name)).map((spec) => [spec.name, spec])).values(),
    ];
    if (missing.length === 0) return undefined;
    const stored = missing.map((spec, i) => ({
      number: this.root.nextTopic + i,
      description: { ...spec, id: randomUUID() },
    }));
    const root = { format: FORMAT, nextTopic: this.root.nextTopic + stored.length, revision: this.root.revision + 1 };
    const target = group();
    target.addUpkeep((writes) => {
      writes.put(ROOT_KEY, json(root));
      for (const topic of stored) writes.put(topicKey(topic.description.name), json(topic));
    });
    const publish = (): void => {
      this.root = root;
      for (const topic of stored)
        this.topics.set(topic.description.name, { ...topic, partitions: this.partitionsOf(topic) });
    };
    return { done: target.done, publish };
  }

  /** Removes a topic from sight; its chunks become trash. */
  remove(name: string, group: CommitGroup): { done: Promise<void>; publish: () => void } {
    const topic = this.get(name);
    const root = { ...this.root, revision: this.root.revision + 1 };
    const trash: Trash = { number: topic.number, partitions: topic.partitions.length };
    group.addUpkeep((writes) => {
      writes.put(ROOT_KEY, json(root));
      writes.remove(topicKey(name));
      writes.put(trashKey(topic.number), json(trash));
    });
    const publish = (): void => {
      this.root = root;
      this.topics.delete(name);
    };
    return { done: group.done, publish };
  }

  trash(): Trash[] {
    const prefix = Buffer.from([TRASH_PREFIX]);
    return [...this.environment.range(prefix, afterPrefix(prefix))].map(
      ({ value }) => JSON.parse(value.toString()) as Trash,
    );
  }
}
