// What may befall the log under aggregators, and aggregators that come and go under load: inputs that retention took, group
// offsets that were reset or lost, a stranger's transaction left open, and rebalances; after each the history must be what
// the inputs alone make.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeProgress, PROGRESS_KEY } from '#libs/contracts';
import { describeLocalKafka, LocalCluster } from '#libs/testing';
import { endEverything, freshFolder, until, type Program } from '../program.js';
import { kafkaTool, startKafkaTool } from './kafka-tools.js';
import { complaintsOf, figuresOf, isSoak, pause, seedOf, tell, World } from './world.js';

const LIMIT_MS = 240_000;
const ROUNDS = isSoak ? 5 : 1;
/** After so long the coordinator ends the transaction of a producer that died. */
const STRANGER_TIMEOUT_MS = 12_000;

describeLocalKafka('aggregators and what befalls their log, on Kafka', () => {
  const seed = seedOf();
  let cluster: LocalCluster;
  let worlds = 0;
  let world: World;

  beforeAll(async () => {
    cluster = await LocalCluster.start();
  }, LIMIT_MS);
  afterAll(async () => {
    await endEverything();
    await cluster.close();
  });
  beforeEach(async () => {
    worlds += 1;
    world = await World.open({ brokers: cluster.brokers, prefix: `faults${worlds}.`, seed: seed + worlds });
  });
  afterEach(async () => {
    await endEverything();
    await world.close();
  });

  const server = (): string => cluster.brokers.join(',');

  /** The next offsets that no aggregator has taken are deleted, as retention would. */
  async function deleteInputs(): Promise<readonly number[]> {
    const ends = await world.log.ends(world.topics.activity);
    const partitions = ends.map((offset, partition) => ({ topic: world.topics.activity, partition, offset }));
    const file = join(freshFolder(), 'offsets.json');
    writeFileSync(file, JSON.stringify({ version: 1, partitions }));
    await kafkaTool('DeleteRecordsCommand', '--bootstrap-server', server(), '--offset-json-file', file);
    return ends;
  }

  it(
    'stop and name the range that retention took while they were down; with --accept-loss they go on and record it',
    async () => {
      const before = await world.start('aggregator');
      world.load.start();
      await world.servedAgain();
      await world.judge();
      await before.kill('SIGTERM');
      const from = await world.log.ends(world.topics.activity);
      await world.load.burst(300);
      const to = await deleteInputs();
      const refusing = await world.start('aggregator');
      for (const partition of to.keys()) {
        const range = `${world.topics.activity}-${partition} offsets ${from[partition]!} to ${to[partition]! - 1}`;
        await until(`a journal that names ${range}`, () => (refusing.stderr.includes(range) ? true : undefined));
      }
      const url = await refusing.servingUrl();
      const ready = await until('it to be unready', async () => {
        const answer = await fetch(`${url}/health/ready`);
        return answer.status === 503 ? answer.text() : undefined;
      });
      expect(ready).toContain('retention took');
      await refusing.kill('SIGTERM');
      await world.start('aggregator', '--accept-loss');
      world.load.forget();
      world.load.start();
      await world.servedAgain();
      const verdict = await world.judge();
      const lost = to.map((end, partition) => ({ fromOffset: from[partition]!, toOffset: end }));
      expect(acceptedLosses()).toEqual(lost.map((range) => [expect.objectContaining(range)]));
      tell(
        `retention took ${to.reduce((sum, end, at) => sum + end - from[at]!, 0)} inputs, seed ${seed}: ${figuresOf(verdict)}`,
      );
    },
    LIMIT_MS,
  );

  /** As the last progress of every partition tells them. */
  function acceptedLosses(): readonly unknown[] {
    return world.copy.of(world.topics.states).map((records) => {
      const last = records.findLast(({ key }) => key === PROGRESS_KEY);
      const decoded = decodeProgress(last?.value ?? null);
      return decoded.ok ? decoded.record.acceptedLoss : decoded.reason;
    });
  }

  it(
    'go on where they were when their group offsets were set to the start, to the end, or are gone',
    async () => {
      const group = `${world.options.prefix}aggregator`;
      const set = async (offsets: (topic: string) => Promise<readonly number[]>): Promise<void> => {
        for (const topic of [world.topics.activity, world.topics.commands]) {
          const positions = (await offsets(topic)).map((offset, partition) => ({ topic, partition, offset }));
          await world.log.commit(group, positions);
        }
      };
      const resets = [
        () => set((topic) => world.log.starts(topic)),
        () => set((topic) => world.log.ends(topic)),
        () =>
          kafkaTool(
            'consumer.group.ConsumerGroupCommand',
            '--bootstrap-server',
            server(),
            '--delete',
            '--group',
            group,
          ),
      ];
      for (const reset of resets) {
        const aggregator = await world.start('aggregator');
        world.load.start();
        await world.servedAgain();
        await aggregator.kill('SIGTERM');
        await world.load.stop();
        await world.load.burst(200);
        await reset();
      }
      await world.start('aggregator');
      const verdict = await world.judge();
      tell(`group offsets reset twice and deleted once, seed ${seed}: ${figuresOf(verdict)}`);
    },
    LIMIT_MS,
  );

  it(
    'name the partition that a stranger hides by a transaction in which it died, and take what was behind it afterwards',
    async () => {
      const aggregator = await world.start('aggregator');
      const url = await aggregator.servingUrl();
      world.load.start();
      await world.servedAgain();
      const stranger = await startKafkaTool('ProducerPerformance', ...strangersWords());
      await until('its transaction to be open', async () =>
        (await world.isOpen(world.topics.activity, 500)) ? true : undefined,
      );
      stranger.kill('SIGKILL');
      const metric = await until('a metric that counts the hidden partitions', async () => {
        const metrics = await (await fetch(`${url}/metrics`)).text();
        return /^rollcall_log_hidden_partitions(?:\{.*\})? [1-9]/m.exec(metrics)?.[0];
      });
      const named = /faults\d+\.activity-\d: nothing behind offset \d+ can be read for/.exec(aggregator.stderr)?.[0];
      expect(named).toBeDefined();
      const verdict = await world.judge();
      tell(`a stranger's open transaction, "${metric}", seed ${seed}: ${figuresOf(verdict)}`);
    },
    LIMIT_MS,
  );

  const strangersWords = (): string[] => {
    const file = join(freshFolder(), 'records.txt');
    writeFileSync(file, '{"type":"device.active","v":1,"user_id":"@stranger:hs"}\n');
    const words = [
      '--topic',
      world.topics.activity,
      '--num-records',
      '1000000',
      '--throughput',
      '20',
      '--payload-file',
      file,
    ];
    const transaction = ['--transactional-id', 'stranger', '--transaction-duration-ms', '600000'];
    const properties = [
      `bootstrap.servers=${server()}`,
      `transaction.timeout.ms=${STRANGER_TIMEOUT_MS}`,
      'linger.ms=0',
    ];
    return [...words, ...transaction, '--command-property', ...properties];
  };

  it(
    'grow from one to three and shrink to two under load, without a fault of their own',
    async () => {
      const served: Program[] = [];
      const [one] = [await world.start('aggregator')];
      world.load.start();
      await world.servedAgain();
      for (let round = 0; round < ROUNDS; round += 1) {
        const [two, three] = await Promise.all([world.start('aggregator'), world.start('aggregator')]);
        await until('the new ones to own partitions', () =>
          [two, three].every(({ stderr }) => stderr.includes(': restored ')) ? true : undefined,
        );
        await world.servedAgain();
        await pause(1_000);
        expect((await two.kill('SIGTERM')).code).toBe(0);
        await world.servedAgain();
        if (round < ROUNDS - 1) expect((await three.kill('SIGTERM')).code).toBe(0);
        served.push(two, three);
      }
      const verdict = await world.judge();
      tell(`${ROUNDS} × 1 → 3 → 2 under load, seed ${seed}: ${figuresOf(verdict)}`);
      for (const program of [one, ...served]) expect(complaintsOf(program)).toEqual([]);
    },
    LIMIT_MS,
  );
});
