// Timelines through the real engine on a real broker, as `npm run -s scenarios -- FILE --through kafka` runs them: a sample
// here, all of the specification's and some hundred random ones with SOAK=1.
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { KafkaEventLog } from '#libs/event-log-kafka';
import {
  describeKafka,
  faultOf,
  parseScenario,
  runProgram,
  type Scenario,
  scenarioOfTimeline,
  timelines,
} from '#libs/testing';
import { type KafkaWay, kafkaWay } from '../src/kafka-way.module.js';

const FILE = join(__dirname, '../../../../shared/scenarios/presence.jsonl');
const isSoak = process.env['SOAK'] !== undefined;
const RANDOM = isSoak ? 300 : 6;
/** A clock that steps back, a topic that is read late, forgetting, a claim, an override: what depends on the log most. */
const SAMPLE = ['append-time-never-backwards', 'other-topic-read-late', 'forget-read-late', 'forget-late-activity'];
const TIMEOUT_MS = isSoak ? 600_000 : 120_000;

const scenarios = readFileSync(FILE, 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map(parseScenario)
  .filter(({ id }, index) => isSoak || SAMPLE.includes(id) || index % 40 === 0);

const EXIT_NOT_POSSIBLE = 2;

describeKafka('timelines through the engine on Kafka', (kafka) => {
  let way: KafkaWay;
  beforeAll(async () => {
    way = await kafkaWay({ KAFKA_BROKERS: kafka().brokers.join(',') });
  });

  /** What differs, of as many at once as the command runs. */
  async function faultsOf(several: readonly Scenario[]): Promise<string[]> {
    const left = [...several];
    const faults: string[] = [];
    const runs = Array.from({ length: way.width }, async () => {
      for (let scenario = left.shift(); scenario !== undefined; scenario = left.shift()) {
        const fault = faultOf(scenario, await way.run(scenario));
        if (fault !== undefined) faults.push(`${scenario.id}: ${fault}`);
      }
    });
    await Promise.all(runs);
    return faults;
  }

  it(
    'are as the specification has them',
    async () => {
      expect(scenarios.length).toBeGreaterThan(SAMPLE.length);
      expect(await faultsOf(scenarios)).toEqual([]);
    },
    TIMEOUT_MS,
  );

  it(
    'agree with the domain on random histories',
    async () => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const histories = fc.sample(fc.tuple(timelines({ withForget: true }), fc.constantFrom(0, 10, 30)), {
        numRuns: RANDOM,
        seed,
      });
      const faults = await faultsOf(histories.map(([timeline, afterMs]) => scenarioOfTimeline(timeline, afterMs)));
      expect({ seed, faults }).toEqual({ seed, faults: [] });
    },
    TIMEOUT_MS,
  );

  it(
    'are compared by something that sees a wrong change',
    async () => {
      const [scenario] = scenarios;
      expect(await faultsOf([{ ...scenario!, changes: scenario!.changes.slice(1) }])).toEqual([
        expect.stringContaining(scenario!.id),
      ]);
    },
    TIMEOUT_MS,
  );

  it(
    'leave nothing on the broker',
    async () => {
      await way.close();
      const log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'rollcall-test' });
      const left = (await log.listTopics()).filter((topic) => topic.startsWith(way.prefix));
      await log.close();
      expect(left).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe('scenarios --through kafka without a broker', () => {
  it.each([
    ['127.0.0.1:1', 'connecting to 127.0.0.1:1'],
    ['nowhere', 'KAFKA_BROKERS is "nowhere"'],
  ])('says so of %s and exits 2', async (brokers, sentence) => {
    const env = { ...process.env, KAFKA_BROKERS: brokers };
    const command = runProgram('apps/simulator/src/scenarios.ts', [FILE, '--through', 'kafka'], { env, cwd: tmpdir() });
    expect(await command.ended).toEqual({ code: EXIT_NOT_POSSIBLE, signal: null });
    expect(command.errors()).toContain(sentence);
    expect(command.errors()).not.toMatch(/^\s+at /m);
    expect(command.output()).toBe('');
  });
});
