// The three services as processes of their own on a real broker: refused on topics that are missing or wrong, serving on the
// right ones, and stopping in order.

import { topicSpecs } from '#libs/contracts';
import { KafkaEventLog } from '#libs/event-log-kafka';
import type { TopicSpec } from '#libs/event-log';
import { describeKafka, runKafkaTool } from '#libs/testing';
import { Client } from './client.js';
import { alterTopic, tokensFile } from './engine-on-kafka.js';
import { Program, endEverything, until } from './program.js';

const PARTITIONS = 2;
const TIMEOUT_MS = 120_000;

afterAll(endEverything);

/** What the page asks of a gateway whose engine runs elsewhere: now, then, how it came to it, and that it has caught up. */
async function showsThePageItsPast(url: string, admin: Client): Promise<void> {
  const ask = async (question: string): Promise<Readonly<Record<string, unknown>>> =>
    (await admin.ask('GET', `/_rollcall/v1/${question}`)).body;
  await until('somebody online in the overview', async () =>
    ((await ask('overview'))['counts'] as { online: number }).online > 0 ? true : undefined,
  );
  const moves = (await ask('timeline?user=@alice:localhost'))['moves'] as readonly { at_ts: number }[];
  const firstTs = moves[moves.length - 1]?.at_ts ?? 0;
  expect((await ask(`overview?search=alice&at=${String(firstTs - 1)}`))['users']).toEqual([]);
  await until('alice at her first change', async () => {
    const { users } = await ask(`overview?search=alice&at=${String(firstTs)}`);
    return (users as readonly unknown[]).length === 1 ? true : undefined;
  });
  await until('a pulse without lag', async () => {
    const pulse = await ask('pulse');
    const isEven = (pulse['lag'] as { activity: number; commands: number }[]).every(
      ({ activity, commands }) => activity + commands === 0,
    );
    return isEven ? pulse : undefined;
  });
  expect((await fetch(url)).headers.get('content-security-policy')).toContain("default-src 'none'");
}

describeKafka('services on Kafka', (kafka) => {
  const environment = (): Record<string, string> => ({
    KAFKA_BROKERS: kafka().brokers.join(','),
    TOPIC_PREFIX: kafka().prefix,
    PARTITIONS: String(PARTITIONS),
    DELIVERY_PARTITIONS: String(PARTITIONS),
    STATIC_TOKENS_FILE: tokensFile(['alice', 'bob']),
    ADMIN_TOKEN: 'token-of-admin',
  });

  async function createTopics(): Promise<void> {
    const log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'rollcall-test' });
    await log.createTopics(
      topicSpecs({ prefix: kafka().prefix, partitions: PARTITIONS, deliveryPartitions: PARTITIONS }),
    );
    await log.close();
  }

  it.each(['gateway', 'aggregator', 'fanout'] as const)(
    'the %s refuses missing topics and says how to create them',
    async (name) => {
      const ended = await Program.start(name, { ...environment(), TOPIC_PREFIX: `${kafka().prefix}absent.` }).ended;
      expect(ended.stderr).toContain(
        'do not exist; this command creates what is missing: npm run -s rollcall -- topics create',
      );
      expect(ended.stderr).not.toMatch(/^\s+at /m);
      expect(ended.code).toBe(1);
    },
    TIMEOUT_MS,
  );

  it(
    'together carry a PUT of one user to the /sync of another, and stop with exit code 0',
    async () => {
      await createTopics();
      const services = [Program.start('aggregator', environment()), Program.start('fanout', environment())];
      const gateway = Program.start('gateway', environment());
      const url = await gateway.servingUrl();
      const admin = new Client(url, 'token-of-admin');
      const alice = new Client(url, 'token-of-alice', '@alice:localhost');
      const bob = new Client(url, 'token-of-bob', '@bob:localhost');
      await admin.share('!room:localhost', alice.userId, bob.userId);
      let since = (await bob.sync({ timeout: '0' })).nextBatch;
      await until('a PUT that is durable', async () =>
        (await alice.put('online', 'by Kafka')).status === 200 ? true : undefined,
      );
      await until('alice in the sync of bob', async () => {
        const { nextBatch, presence } = await bob.sync({ since, timeout: '1000' });
        since = nextBatch;
        return presence.find(({ sender, content }) => sender === alice.userId && content['status_msg'] === 'by Kafka');
      });
      await showsThePageItsPast(url, admin);
      const ended = await Promise.all([gateway, ...services].map((service) => service.kill('SIGTERM')));
      expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
    },
    TIMEOUT_MS,
  );

  it(
    'refuse topics of another count',
    async () => {
      await createTopics();
      const { code, stderr } = await Program.start('aggregator', { ...environment(), PARTITIONS: '4' }).ended;
      expect(stderr).toContain(
        `Topic ${kafka().prefix}activity has 2 partitions and PARTITIONS or DELIVERY_PARTITIONS asks for 4`,
      );
      expect(code).toBe(1);
    },
    TIMEOUT_MS,
  );

  it(
    'refuse topics with settings that would make them wrong, and name the commands that mend them',
    async () => {
      const prefix = `${kafka().prefix}unfit.`;
      const unfit = { ...environment(), TOPIC_PREFIX: prefix };
      const log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'rollcall-test' });
      const specs = topicSpecs({ prefix, partitions: PARTITIONS, deliveryPartitions: PARTITIONS });
      await log.createTopics(
        specs.map((spec): TopicSpec => (spec.name === `${prefix}activity` ? { ...spec, timestamps: 'create' } : spec)),
      );
      const alter = (topic: string, setting: string): Promise<string> => alterTopic(kafka(), prefix + topic, setting);
      await alter('commands', 'compression.type=producer');
      await alter('changes', 'cleanup.policy=[compact,delete],retention.ms=1000000');
      await alter('states', 'cleanup.policy=delete');
      const { code, stderr } = await Program.start('fanout', unfit).ended;
      expect(code).toBe(1);
      for (const [topic, setting, wanted] of [
        ['activity', 'message.timestamp.type=CreateTime', 'LogAppendTime'],
        ['commands', 'compression.type=producer', 'uncompressed'],
        ['changes', 'cleanup.policy=compact,delete', 'delete'],
        ['states', 'cleanup.policy=delete', 'compact'],
      ] as const) {
        expect(stderr).toContain(
          `Topic ${prefix}${topic} has ${setting} and must have ${wanted}; this command mends it:`,
        );
      }
      const commands = [
        ...stderr.matchAll(/this command mends it: kafka-configs\.sh --bootstrap-server BROKER ([^"\\\n]+)/g),
      ];
      expect(commands).toHaveLength(4);
      for (const [, words = ''] of commands)
        await runKafkaTool('kafka-configs', { brokers: kafka().brokers, args: words.trim().split(' ') });
      const mended = Program.start('fanout', unfit);
      await mended.servingUrl();
      expect((await mended.kill('SIGTERM')).code).toBe(0);
      await log.close();
    },
    TIMEOUT_MS,
  );

  it(
    'are one process with npm start, which creates its topics',
    async () => {
      const program = Program.start('standalone', { ...environment(), TOPIC_PREFIX: `${kafka().prefix}alone.` });
      const url = await program.url();
      expect(program.stdout).toContain(`The log is on Kafka at ${kafka().brokers.join(', ')}`);
      const alice = new Client(url, 'token-of-alice', '@alice:localhost');
      await until('a PUT that is durable', async () =>
        (await alice.put('online', 'alone')).status === 200 ? true : undefined,
      );
      expect((await alice.status()).body).toMatchObject({ presence: 'online', status_msg: 'alone' });
      expect((await program.kill('SIGTERM')).code).toBe(0);
    },
    TIMEOUT_MS,
  );
});
