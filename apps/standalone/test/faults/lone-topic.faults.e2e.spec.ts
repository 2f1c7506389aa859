// A recipient topic whose only broker is gone, in a cluster that has lost one of three and serves everything else: everybody but
// its owner is told as before, and it is filled when the broker is back.
import { recipientTopic } from '#libs/contracts';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { describeLocalKafka, LocalCluster, runKafkaTool, until } from '#libs/testing';
import { administratorAt, clientOf, kafkaEnvironment, metricAt, userOf } from '../engine-on-kafka.js';
import { PollLoop } from '../poll-loop.js';
import { Program, endEverything } from '../program.js';

const LIMIT_MS = 300_000;
const PATIENCE_MS = 90_000;
const NAMES = ['alice', 'bob', 'carol'];
/** The last of three, by the broker's own numbers. */
const LONE = 3;

afterAll(endEverything);
jest.setTimeout(LIMIT_MS);

describeLocalKafka('a recipient topic on one broker of three', () => {
  let cluster: LocalCluster;
  let log: KafkaEventLog;
  let carol: PollLoop;
  beforeAll(async () => {
    cluster = await LocalCluster.start({ nodes: 3 });
  }, LIMIT_MS);
  afterAll(async () => {
    await carol.stop();
    await endEverything();
    await log.close();
    await cluster.close();
  }, LIMIT_MS);

  it('keeps nobody waiting while that broker is away', async () => {
    const { brokers } = cluster;
    const prefix = 'lone.';
    const engine = Program.start('standalone', {
      ...kafkaEnvironment({ brokers, prefix }, NAMES),
      OFFLINE_AFTER_MS: '600000',
    });
    const url = await engine.url();
    const alice = clientOf(url, 'alice');
    await administratorAt(url).share('!lone:localhost', ...NAMES.map(userOf));
    const topic = recipientTopic(prefix, userOf('bob'));
    const assigned = ['--replica-assignment', String(LONE), '--config', 'cleanup.policy=compact'];
    await runKafkaTool('kafka-topics', { brokers, args: ['--create', '--topic', topic, ...assigned] });
    log = await KafkaEventLog.connect({ brokers, clientId: 'lone-test' });
    carol = new PollLoop({ name: 'carol', gateways: () => [url], timeoutMs: 500 });
    const put = (statusMsg: string): Promise<unknown> =>
      until(
        async () => (await alice.put('online', statusMsg)).status,
        (status) => status === 200,
        PATIENCE_MS,
      );
    const carolIsTold = (statusMsg: string): Promise<unknown> =>
      until(
        () => carol.toldOf('alice'),
        (told) => told.includes(`online ${statusMsg}`),
        PATIENCE_MS,
      );
    const bobHas = (statusMsg: string): Promise<unknown> =>
      until(
        () => textOf(log, topic),
        (text) => text.includes(`"${statusMsg}"`),
        PATIENCE_MS,
      );
    const isFailing = (wanted: number): Promise<unknown> =>
      until(
        () => metricAt(url, 'rollcall_fanout_recipient_topics{state="failing"}'),
        (failing) => failing === wanted,
        PATIENCE_MS,
      );
    await put('on three');
    await Promise.all([carolIsTold('on three'), bobHas('on three')]);
    await cluster.nodes[LONE - 1]?.kill();
    await put('on two');
    await carolIsTold('on two');
    await isFailing(1);
    for (let number = 0; number < 10; number += 1) {
      await put(`on two ${number}`);
      await carolIsTold(`on two ${number}`);
    }
    expect(engine.stderr).toContain('a recipient topic takes no records');
    await cluster.nodes[LONE - 1]?.start();
    await bobHas('on two 9');
    await isFailing(0);
  });
});

async function textOf(log: KafkaEventLog, topic: string): Promise<string> {
  const values: string[] = [];
  for await (const { records } of log.read(topic, 0, 0, (await log.ends(topic))[0] ?? 0))
    values.push(...records.map(({ value }) => String(value)));
  return values.join('\n');
}
