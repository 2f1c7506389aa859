// One running engine for a suite, embedded or on Kafka, and fresh users and rooms for each of its cases. Invariant: no case
// sees another's people; on Kafka, tokens are what a homeserver says of them, since no development tokens are taken there.
import { startStandalone } from '../src/index.js';
import { endEverything, freshFolder } from './program.js';
import { Administrator, MatrixUser } from './matrix-user.js';
import { topicNames, type TopicWord } from '#libs/contracts';
import type { Environment, RunningProcess } from '#libs/runtime';
import { describeKafka } from '#libs/testing';
import { startHomeserver, type Homeserver } from './homeserver.js';

export class Cast {
  #running: RunningProcess | undefined;
  #next = 0;

  /** @param environmentOf asked when the suite begins */
  constructor(environmentOf: () => Environment | Promise<Environment> = () => ({})) {
    beforeAll(async () => {
      this.#running = await startStandalone({ environment: { DATA_DIR: freshFolder(), ...(await environmentOf()) } });
    }, 120_000);
    afterAll(async () => {
      await this.#running?.stop();
      await endEverything();
    }, 120_000);
  }

  get running(): RunningProcess {
    if (this.#running === undefined) throw new Error('the engine runs only while tests do');
    return this.#running;
  }

  get url(): string {
    return String(this.running.url);
  }

  get admin(): Administrator {
    return new Administrator(this.url);
  }

  /** Of a server called `hs`, or of another one. */
  user(name: string, server = 'hs'): MatrixUser {
    this.#next += 1;
    return new MatrixUser(this.url, `@${name}${String(this.#next)}:${server}`);
  }

  room(name = 'room'): string {
    this.#next += 1;
    return `!${name}${String(this.#next)}:hs`;
  }

  /** Somebody of whom the case says nothing: has polled once, plainly, and is therefore online. */
  async online(name: string, server?: string): Promise<MatrixUser> {
    const user = this.user(name, server);
    await user.first();
    return user;
  }

  /** Records of a topic under a user's key. */
  async recordsOf(word: TopicWord, key: string): Promise<unknown[]> {
    const { log, surroundings } = this.running;
    const topic = topicNames(surroundings.configuration.topics.prefix)[word];
    const found: unknown[] = [];
    for (const [partition, end] of (await log.ends(topic)).entries()) {
      for await (const batch of log.read(topic, partition, 0, end)) {
        for (const record of batch.records) {
          if (record.key !== null && record.value !== null && Buffer.from(record.key).toString() === key)
            found.push(JSON.parse(Buffer.from(record.value).toString()));
        }
      }
    }
    return found;
  }
}

/** The same cases against the engine on the embedded log and on a real broker. */
export function onEveryLog(suite: (cast: Cast) => void, environment: Environment = {}): void {
  describe('on the embedded log', () => suite(new Cast(() => environment)));
  describeKafka('on Kafka', (kafka) => {
    let homeserver: Homeserver | undefined;
    afterAll(async () => homeserver?.close());
    const cast = new Cast(async () => {
      homeserver = await startHomeserver();
      return {
        KAFKA_BROKERS: kafka().brokers.join(','),
        TOPIC_PREFIX: kafka().prefix,
        PARTITIONS: '3',
        DELIVERY_PARTITIONS: '2',
        WHOAMI_URL: homeserver.url,
        ADMIN_TOKEN: 'dev|admin',
        ...environment,
      };
    });
    suite(cast);
  });
}
