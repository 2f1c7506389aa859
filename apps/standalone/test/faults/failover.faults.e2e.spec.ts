// How long users are not served when one of two aggregators ends, on a broker with its own default group settings: by crash,
// and properly. Served = a command appended after the end is a change that readers see. Figures are printed; what is held
// here is only that the group's session timeout, and nothing longer, decides.
import { encodeActivity, encodeCommand } from '#libs/contracts';
import type { Tail } from '#libs/event-log';
import type { Policy } from '#libs/presence';
import { describeLocalKafka, LocalCluster } from '#libs/testing';
import { endEverything, until, type Program } from '../program.js';
import { isSoak, tell, World } from './world.js';

/** Half of them in the partitions of the aggregator that ends. */
const USERS = isSoak ? 200_000 : 10_000;
const ROUNDS = isSoak ? 3 : 1;
const PARTITIONS = 8;
const LIMIT_MS = isSoak ? 900_000 : 240_000;
const SESSION_TIMEOUT_MS = 6_000;
/** Far above what is measured: a slow machine is not a fault, a second session timeout is. */
const CRASH_BOUND_MS = 5 * SESSION_TIMEOUT_MS;
const STOP_BOUND_MS = 2 * SESSION_TIMEOUT_MS;
const FEED_RECORDS = 5_000;
/** Nobody changes by a timer meanwhile. */
const PATIENT: Policy = {
  idleAfterMs: 3_600_000,
  activeForMs: 3_000_000,
  offlineAfterMs: 1_800_000,
  busyOfflineAfterMs: 3_600_000,
  maxLeaseMs: 3_600_000,
};

describeLocalKafka('fail-over of an aggregator, on Kafka with its default group settings', () => {
  let cluster: LocalCluster;
  let world: World;
  let tail: Tail;
  const told = new Set<string>();
  let probes = 0;

  beforeAll(async () => {
    cluster = await LocalCluster.start({ groupSettings: 'broker', speed: 'fast', heapMb: 1024 });
    const { brokers } = cluster;
    world = await World.open({
      brokers,
      prefix: 'faults.',
      seed: 1,
      users: 0,
      partitions: PARTITIONS,
      policy: PATIENT,
    });
    tail = await world.log.tail({
      topics: new Map([[world.topics.changes, 'end']]),
      onBatch: ({ records }) => {
        for (const { value } of records) {
          const message = /"status_msg":"(probe \d+)"/.exec(Buffer.from(value ?? '').toString())?.[1];
          if (message !== undefined) told.add(message);
        }
      },
      onError: () => undefined,
    });
  }, LIMIT_MS);
  afterAll(async () => {
    await tail.close();
    await world.close();
    await endEverything();
    await cluster.close();
  });

  /** A user in each partition. */
  const residents = (): string[] => {
    const found: string[] = [];
    for (let user = 0; Object.keys(found).length < PARTITIONS; user += 1) {
      const partition = world.log.partitionOf(`@probe${user}:hs`, PARTITIONS);
      found[partition] ??= `@probe${user}:hs`;
    }
    return found;
  };

  /** Milliseconds until a command to each partition, appended now, is told. */
  async function untilServed(): Promise<number> {
    const startedMs = performance.now();
    const messages = await Promise.all(
      residents().map(async (userId) => {
        probes += 1;
        const statusMsg = `probe ${probes}`;
        const input = { type: 'presence.set', deviceId: 'D', presence: 'online', statusMsg } as const;
        await world.log.append(world.topics.commands, [{ key: userId, value: encodeCommand({ userId, input }) }]);
        return statusMsg;
      }),
    );
    await until('every partition to be served', () =>
      messages.every((message) => told.has(message)) ? true : undefined,
    );
    return performance.now() - startedMs;
  }

  async function feed(): Promise<void> {
    for (let first = 0; first < USERS; first += FEED_RECORDS) {
      const records = Array.from({ length: Math.min(FEED_RECORDS, USERS - first) }, (_, index) => {
        const userId = `@user${first + index}:hs`;
        const session = { deviceId: 'DEVICE', sessionId: '1', claim: 'auto', leaseMs: 3_600_000 } as const;
        return { key: userId, value: encodeActivity({ userId, input: { type: 'device.connected', ...session } }) };
      });
      await world.log.append(world.topics.activity, records);
    }
  }

  async function afterEnd(end: (victim: Program) => Promise<unknown>): Promise<{ ms: number; restored: string }> {
    const [victim, heir] = [await world.start('aggregator'), await world.start('aggregator')];
    await untilServed();
    await until('both to own half of the partitions', async () =>
      (await liveTasks(victim)) === PARTITIONS / 2 && (await liveTasks(heir)) === PARTITIONS / 2 ? true : undefined,
    );
    await untilServed();
    const before = heir.stderr.length;
    const takenOver = (): readonly RegExpExecArray[] => [
      ...heir.stderr.slice(before).matchAll(/restored (\d+) records and (\d+) inputs in (\d+) ms/g),
    ];
    const startedMs = performance.now();
    const ending = end(victim);
    // Who is told to stop may still serve what was appended at that moment.
    do await untilServed();
    while (takenOver().length < PARTITIONS / 2);
    const ms = performance.now() - startedMs;
    await ending;
    const restored = takenOver();
    const sum = (group: number): number => restored.reduce((total, match) => total + Number(match[group]), 0);
    await heir.kill('SIGTERM');
    return {
      ms,
      restored: `${sum(1)} records and ${sum(2)} inputs read in at most ${Math.max(...restored.map((match) => Number(match[3])))} ms`,
    };
  }

  async function liveTasks(program: Program): Promise<number> {
    const metrics = await (await fetch(`${await program.servingUrl()}/metrics`)).text();
    return Number(/^rollcall_aggregator_tasks\{state="live"\} (\d+)/m.exec(metrics)?.[1] ?? 0);
  }

  it(
    `${USERS / 2} users are served again after a crash within the session timeout and a moment, and after a stop at once`,
    async () => {
      await feed();
      for (let round = 0; round < ROUNDS; round += 1) {
        const crash = await afterEnd((victim) => victim.kill('SIGKILL'));
        const stop = await afterEnd((victim) => victim.kill('SIGTERM'));
        const seconds = (ms: number): string => (ms / 1000).toFixed(2);
        tell(
          `${USERS / 2} users served again ${seconds(crash.ms)} s after kill -9 (${crash.restored}), ${seconds(stop.ms)} s after SIGTERM (${stop.restored})`,
        );
        expect(crash.ms).toBeLessThan(CRASH_BOUND_MS);
        expect(stop.ms).toBeLessThan(STOP_BOUND_MS);
      }
    },
    LIMIT_MS,
  );
});
