// Taking over: an aggregator is started on what another left behind, and how long until all its partitions go on; and a second
// one is killed while both work, and how long until its partitions move again. Kafka's own group settings.
import { inputsTakenOf } from '../kafka/progress-watch.js';
import { Workbench } from '../kafka/workbench.js';
import { MeasuredProcess } from '../processes/measured-process.js';
import { PROGRAMS } from '../processes/programs.js';
import { userIdOf } from '../input-mix.js';
import type { EventLog } from '#libs/event-log';
import { fill, runAggregator } from './aggregate.js';
import type { BenchOptions, BenchResult } from './benchmark.js';

const PARTITIONS = 8;
const LOOK_MS = 20;
const LIMIT_MS = 120_000;
const RESTORED = /restored (\d+) records and (\d+) inputs in (\d+) ms/g;

/** First of one that was killed right after its last input, so that all of them are folded again; then of one that stopped. */
export async function benchRestore(options: BenchOptions): Promise<BenchResult> {
  const { users, seed, inputs, partitions = PARTITIONS } = options;
  const bench = await Workbench.open({ partitions });
  try {
    await fill(bench, options);
    await runAggregator(bench, inputs, { ends: 'killed' });
    const heir = restorer(bench, options);
    const folding = await restoredBy(heir, partitions);
    const stopping = performance.now();
    await heir.stop();
    const stopSeconds = (performance.now() - stopping) / 1000;
    const successor = restorer(bench, options);
    const restoring = await restoredBy(successor, partitions);
    const perSecond = restoring.records / restoring.seconds;
    return {
      workload:
        'an aggregator restored from the topics of one that was killed, then of one that stopped; all partitions at once',
      parameters: { users, inputs, partitions, seed },
      figures: [
        { name: 'users restored', value: users / restoring.seconds, unit: '/s' },
        { name: 'records read', value: perSecond, unit: '/s' },
        { name: 'until half of the partitions go on', value: restoring.halfSeconds, unit: 's' },
        { name: 'until all partitions go on', value: restoring.seconds, unit: 's' },
        { name: 'stopping before it', value: stopSeconds, unit: 's' },
        { name: 'after a kill: inputs folded again', value: folding.absorbed, unit: '' },
        {
          name: 'after a kill: records and inputs read',
          value: (folding.records + folding.absorbed) / folding.seconds,
          unit: '/s',
        },
        { name: 'after a kill: until half of the partitions go on', value: folding.halfSeconds, unit: 's' },
        { name: 'after a kill: until all partitions go on', value: folding.seconds, unit: 's' },
        ...(await bench.ceilingFigures({ of: 'consume', perSecond })),
      ],
      versions: bench.versions,
      operations: users,
      cost: {
        wallSeconds: restoring.seconds,
        cpuSeconds: successor.usage().cpuSeconds,
        peakRssBytes: successor.peakRssBytes(),
        collections: successor.collections(),
      },
    };
  } finally {
    await bench.close();
  }
}

function restorer(bench: Workbench, { profile }: BenchOptions): MeasuredProcess {
  const environment = { ...bench.environment, LOG_LEVEL: 'info' };
  return bench.keep(
    MeasuredProcess.node('aggregator', PROGRAMS.aggregator, environment, { profile, hears: 'errors too' }),
  );
}

/** Of all partitions together. */
interface Restored {
  readonly records: number;
  readonly absorbed: number;
  readonly halfSeconds: number;
  readonly seconds: number;
}

interface Told {
  readonly records: number;
  readonly absorbed: number;
  readonly tookMs: number;
}

async function restoredBy(successor: MeasuredProcess, partitions: number): Promise<Restored> {
  const told = await toldBy(successor, partitions);
  const tookMs = told.map((of) => of.tookMs).sort((one, other) => one - other);
  return {
    records: told.reduce((total, { records }) => total + records, 0),
    absorbed: told.reduce((total, { absorbed }) => total + absorbed, 0),
    halfSeconds: tookMs[Math.ceil(tookMs.length / 2) - 1]! / 1000,
    seconds: tookMs.at(-1)! / 1000,
  };
}

async function toldBy(successor: MeasuredProcess, partitions: number): Promise<readonly Told[]> {
  const limitMs = performance.now() + LIMIT_MS;
  for (;;) {
    const told = [...successor.text.matchAll(RESTORED)].map(([, records, absorbed, tookMs]) => ({
      records: Number(records),
      absorbed: Number(absorbed),
      tookMs: Number(tookMs),
    }));
    if (told.length >= partitions) return told;
    if (performance.now() > limitMs)
      throw new Error(`${told.length} of ${partitions} partitions were restored in ${LIMIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

export async function benchFailover({ seed, partitions = PARTITIONS }: BenchOptions): Promise<BenchResult> {
  const bench = await Workbench.open({ partitions });
  try {
    const { log, topics } = bench;
    const environment = { ...bench.environment, LOG_LEVEL: 'info' };
    const start = (name: string): MeasuredProcess =>
      bench.keep(MeasuredProcess.node(name, PROGRAMS.aggregator, environment, { hears: 'errors too' }));
    const survivor = start('the first aggregator');
    await toldBy(survivor, partitions);
    await moved(log, topics, partitions);
    const victim = start('the second aggregator');
    const owned = await toldBy(victim, Math.floor(partitions / 2));
    await moved(log, topics, partitions);
    const killedMs = performance.now();
    await victim.kill();
    await moved(log, topics, partitions);
    const seconds = (performance.now() - killedMs) / 1000;
    return {
      workload: 'two aggregators, one of them killed (SIGKILL): from there until an input of every partition is folded',
      parameters: { partitions, of_the_killed: owned.length, seed },
      figures: [
        { name: 'until every partition moved again', value: seconds, unit: 's' },
        ...(await bench.ceilingFigures()),
      ],
      versions: bench.versions,
      operations: partitions,
      cost: {
        wallSeconds: seconds,
        cpuSeconds: survivor.usage().cpuSeconds,
        peakRssBytes: survivor.peakRssBytes(),
        collections: survivor.collections(),
      },
    };
  } finally {
    await bench.close();
  }
}

/** An input of every partition is appended now, and taken when it resolves. */
async function moved(
  log: EventLog,
  topics: { readonly activity: string; readonly states: string },
  partitions: number,
): Promise<void> {
  const before = await inputsTakenOf(log, topics.states);
  const users = new Map<number, string>();
  for (let user = 0; users.size < partitions; user += 1) {
    const userId = userIdOf(user);
    const partition = log.partitionOf(userId, partitions);
    if (!users.has(partition)) users.set(partition, userId);
  }
  const appended = await log.append(
    topics.activity,
    [...users.values()].map((userId) => ({
      key: userId,
      value: JSON.stringify({ type: 'device.active', v: 1, user_id: userId, device_id: 'PHONE' }),
    })),
  );
  const limitMs = performance.now() + LIMIT_MS;
  for (;;) {
    const now = await inputsTakenOf(log, topics.states);
    if (appended.every(({ partition }) => (now[partition] ?? 0) > (before[partition] ?? 0))) return;
    if (performance.now() > limitMs) throw new Error(`not every partition moved in ${LIMIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
