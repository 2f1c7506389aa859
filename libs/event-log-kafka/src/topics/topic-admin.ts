// Creating, describing, listing and deleting topics. Invariant: when a topic was created or deleted, every broker that is
// up knows: Kafka answers before that, and the next request would find the topic missing, or still there.
import { requireShape, type TopicDescription, type TopicSpec, UnknownTopicError } from '#libs/event-log';
import { listOffsets } from '../reading/offsets.js';
import { errorOfCode, inPortWords, isUnknownTopic, typeOf } from '../wire/faults.js';
import { metadataRequest, type TopicMetadata } from '../wire/metadata-request.js';
import type { Wire } from '../wire/wire.js';
import { settingsOf, shapeOf, SHAPE_SETTINGS } from './topic-configuration.js';

const TOPIC = 2;
const DEFAULT_REPLICAS = 3;
const UNKNOWN_TOPIC = 3;
const INVALID_TOPIC = 17;
const FORBIDDEN_TOPIC = 29;
const LOOK_AGAIN_MS = 20;
/** A busy broker may take this long until it leads what it has just been given. */
const UNTIL_LED_MS = 60_000;

/** kafkajs collects the errors of several topics in one. */
const causesOf = (error: unknown): Error[] => (error as { errors?: Error[] }).errors ?? [error as Error];

export class TopicAdmin {
  constructor(private readonly wire: Wire) {}

  async create(specs: readonly TopicSpec[]): Promise<void> {
    const missing: TopicSpec[] = [];
    for (const spec of specs) {
      const actual = await this.describe(spec.name);
      requireShape(spec, actual);
      if (actual === undefined) missing.push(spec);
    }
    if (missing.length === 0) return;
    await this.#create(missing);
    await this.#untilEverywhere(
      missing.map(({ name }) => name),
      (topic) => topic !== undefined && topic.errorCode === 0 && topic.leaders.every((leader) => leader >= 0),
    );
    // A broker that is named as leader may still have to become it.
    await Promise.all(missing.map(({ name }) => listOffsets(this.wire, name, 'stable', { limitMs: UNTIL_LED_MS })));
    // Somebody else may have created one meanwhile, with another shape.
    for (const spec of missing) requireShape(spec, await this.describe(spec.name));
  }

  async describe(name: string): Promise<TopicDescription | undefined> {
    const topic = await this.#look(name);
    if (topic === undefined) return undefined;
    const settings = await this.#settings(name);
    return settings === undefined ? undefined : { ...shapeOf(name, topic.leaders.length, settings), id: topic.id };
  }

  /** Of all topics but Kafka's own. */
  async ids(): Promise<ReadonlyMap<string, string>> {
    const { topics } = await this.#patiently('listing topics', () => this.wire.metadata(undefined));
    return new Map(topics.filter(({ name }) => !name.startsWith('__')).map(({ name, id }) => [name, id]));
  }

  async delete(name: string): Promise<void> {
    await this.#patiently(`deleting ${name}`, async () => {
      const link = await this.wire.controller();
      await link.ask((broker) => broker.deleteTopics({ topics: [name], timeout: this.wire.settings.requestTimeoutMs }));
    });
    this.wire.forgetTopic(name);
    await this.#untilEverywhere([name], (topic) => topic === undefined);
  }

  async #create(specs: readonly TopicSpec[]): Promise<void> {
    const { settings } = this.wire;
    await this.#patiently('creating topics', async () => {
      const link = await this.wire.controller();
      const replicas = settings.replicationFactor ?? Math.min(DEFAULT_REPLICAS, this.wire.brokerCount);
      const topics = specs.map((spec) => ({
        topic: spec.name,
        numPartitions: spec.partitions,
        replicationFactor: replicas,
        configEntries: Object.entries(settingsOf(spec, replicas)).map(([name, value]) => ({ name, value })),
      }));
      try {
        await link.ask((broker) => broker.createTopics({ topics, timeout: settings.requestTimeoutMs }));
      } catch (error) {
        const fault = causesOf(error).find((cause) => typeOf(cause) !== 'TOPIC_ALREADY_EXISTS');
        if (fault !== undefined) throw fault;
      }
    });
  }

  async #look(name: string): Promise<TopicMetadata | undefined> {
    const { topics } = await this.#patiently(`looking at ${name}`, () => this.wire.metadata([name]));
    const [topic] = topics;
    if (topic?.errorCode === FORBIDDEN_TOPIC) throw inPortWords(errorOfCode(FORBIDDEN_TOPIC), `looking at ${name}`);
    return topic === undefined || [UNKNOWN_TOPIC, INVALID_TOPIC].includes(topic.errorCode) ? undefined : topic;
  }

  async #settings(name: string): Promise<Map<string, string> | undefined> {
    const resources = [{ type: TOPIC, name, configNames: SHAPE_SETTINGS }];
    try {
      return await this.#patiently(`describing ${name}`, async () => {
        const link = await this.wire.any();
        const described = await link.ask((broker) => broker.describeConfigs({ resources }));
        return new Map(
          (described.resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
        );
      });
    } catch (error) {
      if (error instanceof UnknownTopicError) return undefined;
      throw error;
    }
  }

  /** Until every broker that is up sees the topics so. */
  async #untilEverywhere(
    names: readonly string[],
    holds: (topic: TopicMetadata | undefined) => boolean,
  ): Promise<void> {
    const until = performance.now() + UNTIL_LED_MS;
    for (;;) {
      const links = await this.#patiently('looking at brokers', () => this.wire.everyBroker());
      const seen = await Promise.all(
        links.map(async (link) => {
          const { topics } = await link.send(metadataRequest(names));
          return names.every((name) =>
            holds(topics.find((topic) => topic.name === name && topic.errorCode !== UNKNOWN_TOPIC)),
          );
        }),
      );
      if (seen.every(Boolean) || performance.now() > until) break;
      await this.wire.sleep(LOOK_AGAIN_MS);
    }
    for (const name of names) this.wire.forgetTopic(name);
  }

  #patiently<T>(doing: string, work: () => Promise<T>): Promise<T> {
    return this.wire.patiently({ doing, limitMs: this.wire.settings.requestTimeoutMs }, async () => {
      try {
        return await work();
      } catch (error) {
        throw isUnknownTopic(error) ? inPortWords(error, doing) : error;
      }
    });
  }
}
