// `rollcall doctor` at a real broker that is broken in several ways, one after the other, and then well: the real command, a
// broker of its own with access control, and a foreign transaction left open by Kafka's own tool.
import { spawn } from 'node:child_process';
import { topicSpecs } from '#libs/contracts';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { describeLocalKafka, kafkaClassPath, LocalCluster, runProgram } from '#libs/testing';
import type { Finding } from '../src/doctor/finding.js';

interface Told {
  readonly code: number | null;
  readonly findings: readonly Finding[];
}

describeLocalKafka('rollcall doctor on Kafka', () => {
  let cluster: LocalCluster;
  let log: KafkaEventLog;
  beforeAll(async () => {
    cluster = await LocalCluster.start({
      secure: true,
      properties: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS',
      },
    });
    log = await KafkaEventLog.connect({ brokers: cluster.brokers, clientId: 'doctor-test' });
  }, 240_000);
  afterAll(async () => {
    await log.close();
    await cluster.close();
  }, 60_000);

  async function consult(environment: Record<string, string> = {}): Promise<Told> {
    const env = {
      ...process.env,
      KAFKA_BROKERS: cluster.brokers.join(','),
      PARTITIONS: '2',
      DELIVERY_PARTITIONS: '2',
      ...environment,
    };
    const started = runProgram('apps/history/src/main.ts', ['doctor', '--json'], { env });
    started.child.stdin?.end();
    const { code } = await started.ended;
    if (started.output() === '') throw new Error(started.errors());
    return { code, findings: (JSON.parse(started.output()) as { findings: Finding[] }).findings };
  }

  const specs = (prefix: string): ReturnType<typeof topicSpecs> =>
    topicSpecs({ prefix, partitions: 2, deliveryPartitions: 2 });
  const failed = (check: string, says: RegExp, todo: RegExp): unknown =>
    expect.objectContaining({
      check,
      outcome: 'fail',
      says: expect.stringMatching(says),
      todo: expect.stringMatching(todo),
    });

  it('finds missing topics, and too few brokers for the copies that are asked for', async () => {
    const { code, findings } = await consult({ TOPIC_PREFIX: 'none.', REPLICATION_FACTOR: '3' });
    expect(code).toBe(1);
    expect(findings).toContainEqual(failed('topics', /^none\.activity does not exist$/, /^rollcall topics create$/));
    expect(findings).toContainEqual(failed('brokers', /REPLICATION_FACTOR is 3 and there are 1 brokers/, /at most/));
  }, 120_000);

  it('finds topics of another shape', async () => {
    const [activity, ...others] = specs('odd.');
    await log.createTopics([{ ...activity!, partitions: 3, timestamps: 'create' }, ...others]);
    const { code, findings } = await consult({ TOPIC_PREFIX: 'odd.' });
    expect(code).toBe(1);
    expect(findings).toContainEqual(
      failed('topics', /odd\.activity has message\.timestamp\.type=CreateTime/, /kafka-configs\.sh/),
    );
    expect(findings).toContainEqual(failed('co-partitioning', /activity 3, commands 2/, /another TOPIC_PREFIX/));
  }, 120_000);

  it('finds that nobody answers, and a wrong password', async () => {
    expect((await consult({ KAFKA_BROKERS: '127.0.0.1:1' })).findings).toContainEqual(
      failed('brokers', /none of 127\.0\.0\.1:1 can be used/, /KAFKA_BROKERS/),
    );
    const wrong = {
      KAFKA_BROKERS: cluster.secure!.sasl.join(','),
      KAFKA_SASL_USERNAME: 'alice',
      KAFKA_SASL_PASSWORD: 'wrong',
    };
    expect((await consult(wrong)).findings).toContainEqual(failed('brokers', /authentication/i, /KAFKA_SASL_PASSWORD/));
  }, 120_000);

  it('finds rights that are missing, by topic', async () => {
    await log.createTopics(specs('presence.'));
    const alice = {
      KAFKA_BROKERS: cluster.secure!.sasl.join(','),
      KAFKA_SASL_USERNAME: 'alice',
      KAFKA_SASL_PASSWORD: cluster.secure!.users.alice,
    };
    const { code, findings } = await consult(alice);
    expect(code).toBe(1);
    expect(
      findings.filter(({ outcome, todo }) => outcome === 'fail' && /topics rights/.test(todo ?? '')),
    ).not.toEqual([]);
  }, 120_000);

  it('finds inputs that nobody takes, and nothing else when all is well', async () => {
    await log.append('presence.activity', [
      { key: '@a:hs', value: '{"type":"device.active","v":1,"user_id":"@a:hs"}' },
    ]);
    const before = await Promise.all(specs('presence.').map(async ({ name }) => (await log.ends(name)).length));
    const { code, findings } = await consult();
    expect(findings.filter(({ outcome }) => outcome === 'fail')).toEqual([]);
    expect(code).toBe(0);
    expect(findings).toContainEqual(
      expect.objectContaining({ check: 'lag', outcome: 'warn', todo: expect.stringContaining('start:aggregator') }),
    );
    for (const check of ['brokers', 'topics', 'writing', 'reading', 'clocks', 'open transactions'])
      expect(findings).toContainEqual(expect.objectContaining({ check, outcome: 'ok' }));
    expect(before.every((partitions) => partitions === 2)).toBe(true);
    expect(await visible('presence.commands')).toBe(0);
    expect(await visible('presence.activity')).toBe(1);
  }, 120_000);

  async function visible(topic: string): Promise<number> {
    let count = 0;
    for (const [partition, end] of (await log.ends(topic)).entries())
      for await (const { records } of log.read(topic, partition, 0, end)) count += records.length;
    return count;
  }

  it('finds a transaction that somebody left open', async () => {
    const classPath = await kafkaClassPath();
    if (typeof classPath !== 'string') throw new Error(classPath.reason);
    const producer = spawn(
      'java',
      [
        '-Xmx128m',
        '-cp',
        classPath,
        'org.apache.kafka.tools.ProducerPerformance',
        '--topic',
        'presence.commands',
        '--num-records',
        '100000',
        '--record-size',
        '10',
        '--throughput',
        '5',
        '--transactional-id',
        'stranger',
        '--transaction-duration-ms',
        '600000',
        '--producer-props',
        `bootstrap.servers=${cluster.brokers.join(',')}`,
        'linger.ms=0',
      ],
      { stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => producer.once('close', resolve));
    try {
      for (const end = Date.now() + 60_000; (await log.openTransactions(['presence.commands'])).length === 0;) {
        if (Date.now() > end) throw new Error('the transaction of the stranger never began');
        await new Promise((wake) => setTimeout(wake, 50));
      }
      const { code, findings } = await consult();
      expect(code).toBe(1);
      expect(findings).toContainEqual(
        failed(
          'open transactions',
          /presence\.commands-\d has stood open at offset \d/,
          /describe-producers --topic presence\.commands/,
        ),
      );
    } finally {
      producer.kill('SIGKILL');
      await ended;
    }
  }, 180_000);
});
