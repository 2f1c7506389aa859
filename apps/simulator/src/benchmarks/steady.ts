// Many devices that poll and do nothing else: what they cost, and what is written and told because of them. The topics' ends are compared
// before and after. Steady clients must make no change and no delivery. Invariant: everybody shares a room with others, so
// that a change that should not be would be told.
import { Connection, requestText } from '../load/connection.js';
import { endOf } from '../kafka/progress-watch.js';
import { userIdOf } from '../input-mix.js';
import type { Stand } from '../processes/stand.js';
import type { BenchOptions, BenchResult } from './benchmark.js';
import { costOf, onStand } from './latency.js';

const DEVICES = 5_000;
const ROOM_SIZE = 20;
/** More waiting connections than a process may have files open, on many machines. */
const MOST_WAITING = 10_000;
const WAIT_MS = 5_000;
/** Soon enough for a session that lasts 30 s from its last poll on. */
const COME_EVERY_MS = 25_000;
const COME_A_SECOND = 1_000;
const SHARED_CONNECTIONS = 400;
const OPENED_AT_ONCE = 100;
/** Whoever came is `currently_active` for a minute, and is then told not to be. */
const SETTLE_MS = 62_000;
const TOPICS = ['activity', 'commands', 'changes', 'states', 'registers', 'deliveries'] as const;

export const benchSteady = (options: BenchOptions): Promise<BenchResult> => {
  const devices = Math.min(options.users, options.devices ?? DEVICES);
  return onStand(options, devices, async (stand) => {
    await fillRooms(stand, devices);
    const polls = devices > MOST_WAITING ? new PollsInPassing(stand, devices) : new WaitingPolls(stand, devices);
    await polls.begin();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS + polls.everyMs));
    const log = await stand.openLog();
    const before = await endsOf(stand, log);
    const usage = stand.process.usage();
    const { answered, events } = polls;
    await new Promise((resolve) => setTimeout(resolve, options.seconds * 1000));
    const cpuSeconds = stand.process.usage().cpuSeconds - usage.cpuSeconds;
    const polled = polls.answered - answered;
    const told = polls.events - events;
    const after = await endsOf(stand, log);
    polls.close();
    if (log !== undefined && stand.logName === 'embedded') await log.close();
    return {
      workload: `devices that ${polls.doing}, with set_presence=online, in rooms of ${ROOM_SIZE}, and do nothing else; log: ${stand.logName}`,
      parameters: { devices, seconds: options.seconds, seed: options.seed },
      figures: [
        { name: 'polls answered', value: polled / options.seconds, unit: '/s' },
        { name: 'CPU a poll', value: (cpuSeconds / polled) * 1000, unit: 'ms' },
        { name: 'events in answers', value: told, unit: '' },
        ...TOPICS.map((topic, index) => ({
          name: `records in ${topic}`,
          value: after[index]! - before[index]!,
          unit: '',
        })),
      ],
      operations: polled,
      cost: { ...costOf(stand), wallSeconds: options.seconds, cpuSeconds },
    };
  });
};

async function fillRooms(stand: Stand, devices: number): Promise<void> {
  const lines = Array.from({ length: devices }, (_, user) =>
    JSON.stringify({
      room_id: `!room-${Math.floor(user / ROOM_SIZE)}:bench.example`,
      user_id: userIdOf(user),
      membership: 'join',
    }),
  );
  await stand.post('memberships', lines.join('\n'));
}

async function endsOf(stand: Stand, log: Awaited<ReturnType<Stand['openLog']>>): Promise<number[]> {
  return Promise.all(TOPICS.map((topic) => endOf(log, stand.topics[topic])));
}

abstract class Polls {
  readonly #connections: Connection[] = [];
  #closed = false;
  answered = 0;
  /** Told in answers. */
  events = 0;

  abstract readonly doing: string;
  /** By when each device has polled once more. */
  abstract readonly everyMs: number;

  constructor(
    private readonly stand: Stand,
    protected readonly devices: number,
  ) {}

  /** Resolves when every device has polled. */
  abstract begin(): Promise<void>;

  close(): void {
    this.#closed = true;
    for (const connection of this.#connections) connection.close();
  }

  protected connect(): Connection {
    const connection = new Connection(this.stand.port);
    this.#connections.push(connection);
    return connection;
  }

  protected keepOn(going: () => Promise<void>): void {
    const go = async (): Promise<void> => {
      while (!this.#closed) await going();
    };
    go().catch((error: unknown) => {
      if (!this.#closed) throw error;
    });
  }

  /** Resolves with where the next goes on. */
  protected async poll(connection: Connection, user: number, since: string, timeoutMs: number): Promise<string> {
    const from = since === '' ? '' : `&since=${encodeURIComponent(since)}`;
    const path = `/_matrix/client/v3/sync?set_presence=online&timeout=${timeoutMs}${from}`;
    const { status, body } = await connection.ask(requestText('GET', path, this.stand.token(user)));
    if (status !== 200) throw new Error(`GET /sync: ${status} ${body}`);
    const { next_batch: next, presence } = JSON.parse(body) as SyncAnswer;
    this.answered += 1;
    this.events += presence?.events?.length ?? 0;
    return next;
  }
}

interface SyncAnswer {
  readonly next_batch: string;
  readonly presence?: { readonly events?: readonly unknown[] };
}

/** A connection for each device, which waits at the server as real ones do, one poll after the other. */
class WaitingPolls extends Polls {
  readonly doing = `poll, each waiting up to ${WAIT_MS} ms`;
  readonly everyMs = WAIT_MS;

  async begin(): Promise<void> {
    for (let from = 0; from < this.devices; from += OPENED_AT_ONCE) {
      const count = Math.min(OPENED_AT_ONCE, this.devices - from);
      await Promise.all(Array.from({ length: count }, (_, index) => this.#begin(from + index)));
    }
  }

  async #begin(user: number): Promise<void> {
    const connection = this.connect();
    let since = await this.poll(connection, user, '', 0);
    this.keepOn(async () => {
      since = await this.poll(connection, user, since, WAIT_MS);
    });
  }
}

/** Connections that the devices share; each device asks what is new at its time and does not wait. */
class PollsInPassing extends Polls {
  readonly doing = `poll every ${COME_EVERY_MS} ms without waiting, over ${SHARED_CONNECTIONS} connections`;
  readonly everyMs = COME_EVERY_MS;

  async begin(): Promise<void> {
    const beganMs = performance.now();
    await Promise.all(Array.from({ length: SHARED_CONNECTIONS }, (_, first) => this.#begin(first, beganMs)));
  }

  /** Resolves when every device of one connection has come; who has come goes on meanwhile. */
  async #begin(first: number, beganMs: number): Promise<void> {
    const connection = this.connect();
    const comes: Turn[] = [];
    const poll = async ({ user, atMs, since }: Turn): Promise<void> => {
      const early = atMs - performance.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      const next = await this.poll(connection, user, since, 0);
      comes.push({ user, atMs: performance.now() + COME_EVERY_MS, since: next });
    };
    for (let user = first; user < this.devices; user += SHARED_CONNECTIONS) {
      const atMs = beganMs + (user / COME_A_SECOND) * 1_000;
      while ((comes[0]?.atMs ?? Infinity) < atMs) await poll(comes.shift()!);
      await poll({ user, atMs, since: '' });
    }
    this.keepOn(() => poll(comes.shift()!));
  }
}

interface Turn {
  readonly user: number;
  readonly atMs: number;
  readonly since: string;
}
