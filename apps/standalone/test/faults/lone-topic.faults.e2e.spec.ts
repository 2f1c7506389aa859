// A recipient topic whose only broker is gone, in a cluster that has lost one of three and serves everything else: everybody but
// its owner is told as before, and it is filled when the broker is back.
import { recipientTopic } from '#libs/contracts';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { describeLocalKafka, LocalCluster, runKafkaTool, until } from '#libs/testing';
import { administratorAt, clientOf, kafkaEnvironment, metricAt, userOf, valuesOf } from '../engine-on-kafka.js';
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
    const environment = { ...kafkaEnvironment({ brokers, prefix }, NAMES), OFFLINE_AFTER_MS: '600000' };
    let engine = Program.start('standalone', environment);
    let url = await engine.url();
    await administratorAt(url).share('!lone:localhost', ...NAMES.map(userOf));
    const [bobs = '', carols = ''] = ['bob', 'carol'].map((name) => recipientTopic(prefix, userOf(name)));
    const create = (topic: string, broker: number): Promise<string> => {
      const assigned = ['--replica-assignment', String(broker), '--config', 'cleanup.policy=compact'];
      const some = cluster.brokers.slice(0, LONE - 1);
      return runKafkaTool('kafka-topics', { brokers: some, args: ['--create', '--topic', topic, ...assigned] });
    };
    await create(bobs, LONE);
    log = await KafkaEventLog.connect({ brokers, clientId: 'lone-test' });
    carol = new PollLoop({ name: 'carol', gateways: () => [url], timeoutMs: 500 });
    const put = (statusMsg: string): Promise<unknown> =>
      until(
        async () => (await clientOf(url, 'alice').put('online', statusMsg)).status,
        (status) => status === 200,
        PATIENCE_MS,
      );
    const carolIsTold = (statusMsg: string): Promise<unknown> =>
      until(
        () => carol.toldOf('alice'),
        (told) => told.includes(`online ${statusMsg}`),
        PATIENCE_MS,
      );
    const has = (topic: string, statusMsg: string): Promise<unknown> =>
      until(
        () => valuesOf(log, topic),
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
    await Promise.all([carolIsTold('on three'), has(bobs, 'on three')]);
    await cluster.nodes[LONE - 1]?.kill();
    await put('on two');
    await carolIsTold('on two');
    await isFailing(1);
    const sinceMs = performance.now();
    for (let number = 0; number < 10; number += 1) {
      await put(`on two ${number}`);
      await carolIsTold(`on two ${number}`);
    }
    // It was waited for once, before.
    expect(performance.now() - sinceMs).toBeLessThan(30_000);
    await until(
      () => engine.stderr,
      (text) => text.includes('a recipient topic takes no records'),
      PATIENCE_MS,
    );
    // Who starts now, or finds a topic now, does not wait for it either.
    expect((await engine.kill('SIGTERM')).code).toBe(0);
    engine = Program.start('standalone', environment);
    url = await engine.url();
    await create(carols, 1);
    await put('after a restart');
    await Promise.all([carolIsTold('after a restart'), has(carols, 'after a restart')]);
    await cluster.nodes[LONE - 1]?.start();
    await has(bobs, 'after a restart');
    await isFailing(0);
  });
});
