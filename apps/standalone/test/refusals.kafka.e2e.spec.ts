// Starts on a real broker that must not happen: topics that are missing, or of another count, and a broker that speaks otherwise
// than it is spoken to. Each service, each time a sentence with the variable and the command that mends it.
import { topicSpecs } from '#libs/contracts';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { describeKafka } from '#libs/testing';
import { kafkaEnvironment } from './engine-on-kafka.js';
import { endEverything, Program } from './program.js';

// Processes start slowly where many others do.
jest.setTimeout(180_000);
afterAll(endEverything);

const SERVICES = ['gateway', 'aggregator', 'fanout'] as const;

describeKafka('a start on Kafka that must not happen', (kafka) => {
  const environment = (more: Readonly<Record<string, string>>): Record<string, string> => ({
    ...kafkaEnvironment(kafka(), ['alice']),
    ...more,
  });

  async function refused(name: (typeof SERVICES)[number], more: Readonly<Record<string, string>>): Promise<string> {
    const { code, stderr } = await Program.start(name, environment(more)).ended;
    expect({ name, code }).toEqual({ name, code: 1 });
    expect(stderr).toMatch(new RegExp(`^${name} does not start:\\n  `, 'm'));
    expect(stderr).not.toMatch(/^\s+at /m);
    return stderr;
  }

  it('names what creates missing topics, and where they were looked for', async () => {
    const told = await Promise.all(SERVICES.map((name) => refused(name, { TOPIC_PREFIX: 'nowhere.' })));
    for (const stderr of told) {
      expect(stderr).toContain(
        'do not exist; this command creates what is missing: npm run -s rollcall -- topics create',
      );
      expect(stderr).toContain(`KAFKA_BROKERS is "${kafka().brokers.join(',')}" and TOPIC_PREFIX is "nowhere."`);
    }
  });

  it('names the counts that differ', async () => {
    const log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'refusals-test' });
    await log.createTopics(topicSpecs({ prefix: kafka().prefix, partitions: 2, deliveryPartitions: 2 }));
    await log.close();
    const told = await Promise.all(SERVICES.map((name) => refused(name, { PARTITIONS: '3' })));
    for (const stderr of told)
      expect(stderr).toContain(
        'has 2 partitions and PARTITIONS or DELIVERY_PARTITIONS asks for 3; set them as the topic is',
      );
  });

  it('names KAFKA_SSL when a broker that speaks plainly is spoken to by TLS', async () => {
    const stderr = await refused('aggregator', { KAFKA_SSL: 'true' });
    expect(stderr).toMatch(/KAFKA_BROKERS is "[^"]+", and none of them can be used now/);
    expect(stderr).toContain('KAFKA_SSL');
  });
});
