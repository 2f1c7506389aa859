// `rollcall doctor` on logs that are broken in one way each: it says what is wrong, what to do, and ends with exit code 1.
import { topicSpecs } from '#libs/contracts';
import { LogUnavailableError, MemoryEventLog, type EventLog, type TopicSpec } from '#libs/event-log';
import { Bench, type Ran } from './bench.js';
import type { Examinable, Finding, OpenTransaction, Tried } from '../src/doctor/finding.js';
import { examineKafka } from '../src/doctor/kafka-checks.js';
import { readConfiguration } from '#libs/runtime';

const specs = topicSpecs({ prefix: 'presence.', partitions: 2, deliveryPartitions: 2 });

async function consulted(
  change: {
    specs?: readonly TopicSpec[];
    environment?: Record<string, string>;
    openLog?: () => Promise<EventLog>;
  } = {},
): Promise<Ran> {
  const log = new MemoryEventLog();
  await log.createTopics(change.specs ?? specs);
  const bench = new Bench({ openLog: change.openLog ?? (() => Promise.resolve(log)) });
  Object.assign(bench.environment, { PARTITIONS: '2', DELIVERY_PARTITIONS: '2', DATA_DIR: '.', ...change.environment });
  return bench.run(['doctor']);
}

describe('rollcall doctor on the embedded log', () => {
  it('finds nothing in a healthy one', async () => {
    const { stdout, exitCode } = await consulted();
    expect(stdout).toContain('ok    topics: 10 are as the services need them');
    expect(stdout).toMatch(/(ok {2}|warn) {2}disk: \. has \d+ MiB to spare/);
    expect(stdout).toContain('Nothing keeps the services from working');
    expect(exitCode).toBe(0);
  });

  it.each([
    [{ specs: specs.slice(1) }, 'FAIL  topics: presence.activity does not exist\n      → rollcall topics create'],
    [
      {
        specs: specs.map((spec) =>
          spec.name.endsWith('.commands') ? { ...spec, timestamps: 'create' as const } : spec,
        ),
      },
      'presence.commands has message.timestamp.type=CreateTime and must have LogAppendTime\n      → kafka-configs.sh',
    ],
    [
      { specs: specs.map((spec) => (spec.name.endsWith('.states') ? { ...spec, partitions: 3 } : spec)) },
      'FAIL  co-partitioning: these topics must have one partition count, and have activity 2, commands 2, states 3',
    ],
    [{ environment: { PARTITIONS: '0' } }, 'FAIL  configuration: PARTITIONS is "0"; allowed: a whole number'],
    [{ environment: { INTROSPECTION_URL: 'http://as' } }, 'FAIL  configuration: INTROSPECTION_URL is set and'],
    [
      { openLog: () => Promise.reject(new LogUnavailableError('no such directory')) },
      'FAIL  log: . cannot be read: no such directory\n      → npm start makes it',
    ],
    [
      { environment: { KAFKA_BROKERS: 'b:1' }, openLog: () => Promise.reject(new Error('SASL authentication failed')) },
      'none of b:1 can be used: SASL authentication failed\n      → look at KAFKA_SASL_MECHANISM',
    ],
  ])('%j is told', async (change, sentence) => {
    const { stdout, exitCode } = await consulted(change);
    expect(stdout).toContain(sentence);
    expect(stdout).toMatch(/found that keep services from working/);
    expect(exitCode).toBe(1);
  });

  it('hints at names that are nearly ours, and tells programs the same', async () => {
    const bench = new Bench();
    await bench.log.createTopics(specs);
    Object.assign(bench.environment, { PARTITIONS: '2', DELIVERY_PARTITIONS: '2', IDLE_AFTER: '5', DATA_DIR: '.' });
    const { stdout, exitCode } = await bench.run(['doctor', '--json']);
    const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: Finding[] };
    expect(ok).toBe(true);
    expect(exitCode).toBe(0);
    expect(findings).toContainEqual(
      expect.objectContaining({ outcome: 'warn', says: expect.stringContaining('did you mean IDLE_AFTER_MS?') }),
    );
  });
});

/** What a broker might say. */
class SickLog extends MemoryEventLog implements Examinable {
  tried: Tried = { sentMs: 1_000, appendedMs: 1_001, answeredMs: 1_002 };
  open: OpenTransaction[][] = [[]];
  brokers = [{ address: 'b:9092', lacks: [] as string[] }];

  rehearse(_id: string, topics: readonly string[]): Promise<ReadonlyMap<string, Tried>> {
    return Promise.resolve(new Map(topics.map((topic) => [topic, this.tried])));
  }

  openTransactions(): Promise<readonly OpenTransaction[]> {
    return Promise.resolve((this.open.length > 1 ? this.open.shift() : this.open[0]) ?? []);
  }

  examineBrokers(): Promise<SickLog['brokers']> {
    return Promise.resolve(this.brokers);
  }
}

describe('what Kafka may be sick of', () => {
  const open: OpenTransaction = { topic: 'presence.activity', partition: 1, stableEnd: 7 };

  it.each<[string, (log: SickLog) => void, string, Finding['outcome'], RegExp]>([
    ['nothing', () => undefined, 'open transactions', 'ok', /none hides/],
    [
      'a broker that is too old',
      (log) => log.brokers[0]?.lacks.push('Metadata 12'),
      'brokers',
      'fail',
      /b:9092 does not know the requests Metadata 12/,
    ],
    [
      'no right to write',
      (log) => (log.tried = { error: new Error('Not authorized to access topics') }),
      'writing',
      'fail',
      /cannot be written: Not authorized/,
    ],
    [
      'clocks apart',
      (log) => (log.tried = { sentMs: 60_000, appendedMs: 1_000, answeredMs: 60_001 }),
      'clocks',
      'fail',
      /differ by 59000 ms/,
    ],
    [
      'clocks a little apart',
      (log) => (log.tried = { sentMs: 1_000, appendedMs: 2_000, answeredMs: 1_001 }),
      'clocks',
      'warn',
      /differ by 999 ms/,
    ],
    [
      'a transaction that hangs',
      (log) => (log.open = [[open]]),
      'open transactions',
      'fail',
      /presence\.activity-1 has stood open at offset 7/,
    ],
    ['a transaction that ends', (log) => (log.open = [[open], []]), 'open transactions', 'ok', /have ended/],
    [
      'a transaction after another',
      (log) => (log.open = [[open], [{ ...open, stableEnd: 9 }]]),
      'open transactions',
      'ok',
      /have ended/,
    ],
  ])('%s', async (_what, sicken, ...[check, outcome, says]) => {
    const log = new SickLog();
    await log.createTopics(specs);
    sicken(log);
    const { configuration } = readConfiguration(
      { KAFKA_BROKERS: 'b:9092', PARTITIONS: '2', DELIVERY_PARTITIONS: '2' },
      'command line',
    );
    const findings = await examineKafka({ log, configuration, pause: () => Promise.resolve() });
    expect(findings).toContainEqual(expect.objectContaining({ check, outcome, says: expect.stringMatching(says) }));
    if (outcome === 'ok') expect(findings.filter((finding) => finding.outcome === 'fail')).toEqual([]);
    else
      expect(findings.find((finding) => finding.check === check && finding.outcome === outcome)?.todo).toMatch(/\w{4}/);
  });
});
