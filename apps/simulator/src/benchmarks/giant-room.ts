// One change in one room of many: how long until its frames stand in all partitions of the deliveries, and how many records
// they are. The fan-out is the real process on Kafka; the time is from the append of the change to the last frame.
import { encodeMembership, membershipKey } from '#libs/contracts';
import { userIdOf } from '../input-mix.js';
import { endOf } from '../kafka/progress-watch.js';
import { Workbench } from '../kafka/workbench.js';
import type { BenchOptions, BenchResult } from './benchmark.js';
import { changeText, startFanout } from './deliver.js';
import { percentile } from './measure.js';

const PARTITIONS = 8;
const MEMBERS = 50_000;
const ROOM_ID = '!everybody:bench.example';
const LOOK_MS = 2;
const LIMIT_MS = 30_000;
const WARM_UP = 10;
const TURNS = 20;

export async function benchGiantRoom({ seed, profile, partitions = PARTITIONS }: BenchOptions): Promise<BenchResult> {
  const bench = await Workbench.open({ partitions });
  try {
    const { log, topics } = bench;
    await log.append(
      topics.memberships,
      Array.from({ length: MEMBERS }, (_, user) => {
        const userId = userIdOf(user);
        return {
          key: membershipKey(ROOM_ID, userId),
          value: encodeMembership({ roomId: ROOM_ID, userId, membership: 'join' }),
        };
      }),
    );
    const fanout = await startFanout(bench, profile, { MAX_ROOM_MEMBERS: String(MEMBERS * 2) });
    const tookMs: number[] = [];
    let records = 0;
    let cpuBefore = 0;
    const startedMs = performance.now();
    for (let turn = 0; turn < WARM_UP + TURNS; turn += 1) {
      if (turn === WARM_UP) cpuBefore = fanout.usage().cpuSeconds;
      const before = await log.ends(topics.deliveries);
      const beforeAll = await endOf(log, topics.deliveries);
      const userId = userIdOf(turn);
      const sentMs = performance.now();
      await log.append(topics.changes, [{ key: userId, value: changeText(userId, turn + 1) }]);
      for (;;) {
        const ends = await log.ends(topics.deliveries);
        if (ends.every((end, partition) => end > before[partition]!)) break;
        if (performance.now() - sentMs > LIMIT_MS) throw new Error(`no frame in every partition in ${LIMIT_MS} ms`);
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      }
      if (turn < WARM_UP) continue;
      tookMs.push(performance.now() - sentMs);
      records += (await endOf(log, topics.deliveries)) - beforeAll;
    }
    const cpuSeconds = fanout.usage().cpuSeconds - cpuBefore;
    return {
      workload:
        'one room of everybody; a change at a time, from its append until every delivery partition has its frame',
      parameters: { members: MEMBERS, partitions, turns: TURNS, seed },
      figures: [
        { name: 'change to all partitions, p50', value: percentile(tookMs, 0.5), unit: 'ms' },
        { name: 'change to all partitions, longest', value: Math.max(...tookMs), unit: 'ms' },
        { name: 'records a change', value: records / TURNS, unit: '' },
        { name: 'CPU of the fan-out', value: (cpuSeconds / TURNS) * 1000, unit: 'ms a change' },
        ...(await bench.ceilingFigures()),
      ],
      versions: bench.versions,
      operations: TURNS * MEMBERS,
      cost: {
        wallSeconds: (performance.now() - startedMs) / 1000,
        cpuSeconds,
        peakRssBytes: fanout.peakRssBytes(),
        collections: fanout.collections(),
      },
    };
  } finally {
    await bench.close();
  }
}
