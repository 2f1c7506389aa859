// Many devices that poll and do nothing else: what they cost, and what is written because of them. The polls wait at the
// server as real ones do; the topics' ends are compared before and after. Steady clients must make no change and no delivery.
import { Connection, requestText } from '../load/connection.js';
import { endOf } from '../kafka/progress-watch.js';
import type { Stand } from '../processes/stand.js';
import type { BenchOptions, BenchResult } from './benchmark.js';
import { costOf, onStand } from './latency.js';

const DEVICES = 5_000;
const POLL_MS = 5_000;
const OPENED_AT_ONCE = 100;
const SETTLE_MS = 2_000;
const TOPICS = ['activity', 'commands', 'changes', 'states', 'registers', 'deliveries'] as const;

export const benchSteady = (options: BenchOptions): Promise<BenchResult> => {
  const devices = Math.min(options.users, options.devices ?? DEVICES);
  return onStand(options, devices, async (stand) => {
    const polls = new Polls(stand, devices);
    await polls.open();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS + POLL_MS));
    const log = await stand.openLog();
    const before = await endsOf(stand, log);
    const usage = stand.process.usage();
    const polled = polls.answered;
    await new Promise((resolve) => setTimeout(resolve, options.seconds * 1000));
    const cpuSeconds = stand.process.usage().cpuSeconds - usage.cpuSeconds;
    const answered = polls.answered - polled;
    const after = await endsOf(stand, log);
    polls.close();
    if (log !== undefined && stand.logName === 'embedded') await log.close();
    return {
      workload: `devices that poll with set_presence=online and a timeout of ${POLL_MS} ms, and do nothing else; log: ${stand.logName}`,
      parameters: { devices, seconds: options.seconds, seed: options.seed },
      figures: [
        { name: 'polls answered', value: answered / options.seconds, unit: '/s' },
        { name: 'CPU a poll', value: (cpuSeconds / answered) * 1000, unit: 'ms' },
        ...TOPICS.map((topic, index) => ({
          name: `records in ${topic}`,
          value: after[index]! - before[index]!,
          unit: '',
        })),
      ],
      operations: answered,
      cost: { ...costOf(stand), wallSeconds: options.seconds, cpuSeconds },
    };
  });
};

async function endsOf(stand: Stand, log: Awaited<ReturnType<Stand['openLog']>>): Promise<number[]> {
  return Promise.all(TOPICS.map((topic) => endOf(log, stand.topics[topic])));
}

/** Connections that each poll for one device, one poll after the other. */
class Polls {
  readonly #connections: Connection[] = [];
  #closed = false;
  answered = 0;

  constructor(
    private readonly stand: Stand,
    private readonly devices: number,
  ) {}

  async open(): Promise<void> {
    for (let from = 0; from < this.devices; from += OPENED_AT_ONCE) {
      const count = Math.min(OPENED_AT_ONCE, this.devices - from);
      await Promise.all(Array.from({ length: count }, (_, index) => this.#open(from + index)));
    }
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#connections) connection.close();
  }

  async #open(user: number): Promise<void> {
    const connection = new Connection(this.stand.port);
    this.#connections.push(connection);
    const since = await this.#poll(connection, user, 'timeout=0');
    this.#go(connection, user, since).catch((error: unknown) => {
      if (!this.#closed) throw error;
    });
  }

  async #go(connection: Connection, user: number, from: string): Promise<void> {
    for (let since = from; !this.#closed;) {
      since = await this.#poll(connection, user, `timeout=${POLL_MS}&since=${encodeURIComponent(since)}`);
      this.answered += 1;
    }
  }

  async #poll(connection: Connection, user: number, query: string): Promise<string> {
    const path = `/_matrix/client/v3/sync?set_presence=online&${query}`;
    const { status, body } = await connection.ask(requestText('GET', path, this.stand.token(user)));
    if (status !== 200) throw new Error(`GET /sync: ${status} ${body}`);
    return (JSON.parse(body) as { readonly next_batch: string }).next_batch;
  }
}
