// The broker goes away under the three services, with clients connected: it is stopped, or it hangs and says nothing. PUT is
// answered 503 in a bounded time, reads go on from the last known state, nothing that was answered 200 is lost, and all three
// recover without a restart. `npm run test:soak` leaves it away for a minute. Poll until, never sleep.

import { decodeChange, topicSpecs } from '#libs/contracts';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { describeLocalKafka, LocalCluster, until, type LocalNode } from '#libs/testing';
import { administratorAt, clientOf, kafkaEnvironment, topicsOf, userOf } from './engine-on-kafka.js';
import { PollLoop } from './poll-loop.js';
import { Program, endEverything, type ProgramName } from './program.js';

const START_MS = 300_000;
const PARTITIONS = 2;
const AWAY_MS = process.env['SOAK'] === undefined ? 12_000 : 60_000;
const POLL_MS = 500;
/** A PUT may wait for the log, a first poll for its own visibility: never longer than both bounds of the gateway together. */
const BOUND_MS = 20_000;
/** A first poll is answered without the log when that does not answer: the gateway's bound of visibility, and a busy machine. */
const FIRST_POLL_MS = 8_000;
const WRITERS = ['dora', 'emil', 'fred'];
const NAMES = ['alice', 'bob', 'carol', ...WRITERS];

interface Put {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly tookMs: number;
  readonly message: string;
}

/** PUTs one message after the other for as long as it may. */
class Writer {
  readonly puts: Put[] = [];
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(
    private readonly url: string,
    readonly name: string,
  ) {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let number = 0; !this.#stopped; number += 1) {
      const message = `${this.name} ${number}`;
      const startedMs = performance.now();
      const path = `/_matrix/client/v3/presence/${encodeURIComponent(userOf(this.name))}/status`;
      const response = await fetch(this.url + path, {
        method: 'PUT',
        headers: { authorization: `Bearer token-of-${this.name}` },
        body: JSON.stringify({ presence: 'online', status_msg: message }),
      });
      await response.text();
      const tookMs = performance.now() - startedMs;
      this.puts.push({ status: response.status, retryAfter: response.headers.get('retry-after'), tookMs, message });
    }
  }
}

async function healthOf(
  url: string,
): Promise<{ readonly live: number; readonly ready: number; readonly said: string }> {
  const [live, ready] = await Promise.all([fetch(`${url}/health/live`), fetch(`${url}/health/ready`)]);
  await live.text();
  return { live: live.status, ready: ready.status, said: await ready.text() };
}

const longest = (times: readonly number[]): number => Math.round(Math.max(0, ...times));

describeLocalKafka('a Kafka broker that goes away', () => {
  jest.setTimeout(START_MS);
  let cluster: LocalCluster;
  let kafka: { readonly brokers: readonly string[]; readonly prefix: string };
  let log: KafkaEventLog;
  const services = new Map<ProgramName, { readonly program: Program; readonly url: string }>();
  let url = '';

  beforeAll(async () => {
    cluster = await LocalCluster.start({ groupSettings: 'broker' });
    kafka = { brokers: cluster.brokers, prefix: 'outage.' };
    log = await KafkaEventLog.connect({ brokers: kafka.brokers, clientId: 'outage-test' });
    await log.createTopics(
      topicSpecs({ prefix: kafka.prefix, partitions: PARTITIONS, deliveryPartitions: PARTITIONS }),
    );
    const environment = {
      ...kafkaEnvironment(kafka, NAMES, PARTITIONS),
      PUT_PER_SECOND: '1000',
      PUT_BURST: '1000',
      OFFLINE_AFTER_MS: '300000',
      BUSY_OFFLINE_AFTER_MS: '300000',
    };
    for (const name of ['aggregator', 'fanout', 'gateway'] as const) {
      const program = Program.start(name, environment);
      services.set(name, { program, url: await program.servingUrl() });
    }
    url = services.get('gateway')?.url ?? '';
    await administratorAt(url).share('!outage:localhost', ...NAMES.map(userOf));
    await until(allReady, (ready) => ready, 60_000);
  }, START_MS);

  afterAll(async () => {
    await endEverything();
    await log.close();
    await cluster.close();
  }, 60_000);

  async function allReady(): Promise<boolean> {
    const health = await Promise.all([...services.values()].map(({ url: at }) => healthOf(at)));
    return health.every(({ live, ready }) => live === 200 && ready === 200);
  }

  /** Every message that was ever published of somebody. */
  async function published(name: string): Promise<Set<string>> {
    const { changes } = topicsOf(kafka);
    const partition = log.partitionOf(userOf(name), PARTITIONS);
    const messages = new Set<string>();
    const versions: number[] = [];
    for await (const { records } of log.read(changes, partition, 0, (await log.ends(changes))[partition] ?? 0)) {
      for (const { key, value } of records) {
        if (String(key) !== userOf(name) || value === null) continue;
        const decoded = decodeChange(String(value), userOf(name));
        if (!decoded.ok || decoded.record.kind !== 'changed') continue;
        messages.add(decoded.record.view.statusMsg ?? '');
        versions.push(decoded.record.version);
      }
    }
    expect(versions).toEqual(versions.map((_, index) => index + 1));
    return messages;
  }

  async function readsGoOn(watcher: PollLoop, awayUntilMs: number): Promise<void> {
    const from = watcher.requests;
    const known = await clientOf(url, 'alice').status();
    expect(known.body).toMatchObject({ presence: 'unavailable', status_msg: 'before the outage' });
    // Somebody whose device never polled here: the poll is answered with the last known state, whatever becomes of the device.
    const askedMs = performance.now();
    const first = await clientOf(url, 'carol').sync({ timeout: '0' });
    const firstMs = performance.now() - askedMs;
    process.stdout.write(`     a first poll in the outage took ${longest([firstMs])} ms\n`);
    expect(firstMs).toBeLessThan(FIRST_POLL_MS);
    expect(first.presence.map(({ sender }) => sender)).toContain(userOf('alice'));
    for (let reads = 0; performance.now() < awayUntilMs; reads += 1) {
      const startedMs = performance.now();
      expect((await clientOf(url, 'alice').status()).status).toBe(200);
      expect(performance.now() - startedMs).toBeLessThan(BOUND_MS);
      for (const { url: at } of services.values()) expect((await healthOf(at)).live).toBe(200);
    }
    expect(watcher.requests).toBeGreaterThan(from);
    expect(watcher.failed).toBe(0);
  }

  const ways: readonly [
    string,
    (node: LocalNode) => Promise<void> | void,
    (node: LocalNode) => Promise<void> | void,
  ][] = [
    ['is stopped', (node) => node.stop(), (node) => node.start()],
    ['hangs', (node) => node.freeze(), (node) => node.thaw()],
  ];

  it.each(ways)(
    'and %s: PUT says so, reads go on, nothing acknowledged is lost, all recover',
    async (_how, leave, comeBack) => {
      const [node] = cluster.nodes;
      if (node === undefined) throw new Error('there is no node');
      expect((await clientOf(url, 'alice').put('unavailable', 'before the outage')).status).toBe(200);
      const watcher = new PollLoop({ name: 'bob', gateways: () => [url], timeoutMs: POLL_MS });
      const writers = WRITERS.map((name) => new Writer(url, name));
      const puts = (): readonly Put[] => writers.flatMap((writer) => writer.puts);
      try {
        await until(
          () => puts().length,
          (count) => count > 30,
          60_000,
        );
        await leave(node);
        const awayUntilMs = performance.now() + AWAY_MS;
        await readsGoOn(watcher, awayUntilMs);
        const refused = await until(
          () => puts().filter(({ status }) => status === 503),
          (found) => found.length > 0,
          BOUND_MS,
        );
        for (const { retryAfter } of refused) expect(Number(retryAfter)).toBeGreaterThan(0);
        const unready = await Promise.all(
          [...services].map(async ([name, { url: at }]) => ({ name, ...(await healthOf(at)) })),
        );
        process.stdout.write(
          `     away ${AWAY_MS / 1000} s: ${refused.length} PUTs refused, the longest after ${longest(puts().map(({ tookMs }) => tookMs))} ms; longest poll of ${POLL_MS} ms took ${longest([watcher.longestMs])} ms\n` +
            unready.map(({ name, ready, said }) => `     ${name} ${ready} ${said}\n`).join(''),
        );
        for (const { name, live, ready } of unready) expect([name, live, ready]).toEqual([name, 200, 503]);
        await comeBack(node);
        const acknowledged = puts().filter(({ status }) => status === 200).length;
        await until(
          () => puts().filter(({ status }) => status === 200).length,
          (count) => count > acknowledged + 10,
          90_000,
        );
        await until(allReady, (ready) => ready, 60_000);
      } finally {
        await Promise.resolve(comeBack(node));
        await Promise.all([...writers, watcher].map((each) => each.stop()));
      }
      expect(longest(puts().map(({ tookMs }) => tookMs))).toBeLessThan(BOUND_MS);
      expect(new Set(puts().map(({ status }) => status))).toEqual(new Set([200, 503]));
      for (const writer of writers) {
        const lost = async (): Promise<readonly unknown[]> => {
          const told = await published(writer.name);
          return writer.puts.filter(({ status, message }) => status === 200 && !told.has(message));
        };
        await until(lost, ({ length }) => length === 0, 60_000);
      }
      for (const { program } of services.values()) expect(program.hasEnded).toBe(false);
    },
  );

  it('and they stop in order afterwards', async () => {
    const ended = await Promise.all([...services.values()].map(({ program }) => program.kill('SIGTERM')));
    expect(ended.map(({ code }) => code)).toEqual([0, 0, 0]);
  });
});
