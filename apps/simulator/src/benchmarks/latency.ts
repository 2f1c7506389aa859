// From the scheduled time of a PUT to the waiting client that reads it, open loop: PUTs go out by a clock that waits for
// nobody, so that a slow answer delays no later one (no coordinated omission). Watchers wait by long poll or by event stream;
// the CPU of a delivered event is the server's, the PUTs' share included and told apart.
import { Connection, requestText } from '../load/connection.js';
import { Watchers, type WatchWay } from '../load/watchers.js';
import { userIdOf } from '../input-mix.js';
import { seeded, type Draw } from '../seeded.js';
import { Stand } from '../processes/stand.js';
import { Workbench } from '../kafka/workbench.js';
import type { BenchOptions, BenchResult, Figure } from './benchmark.js';
import { percentile } from './measure.js';

const SENDERS = 200;
const SENDERS_PER_ROOM = 80;
const ROOMS = Math.ceil(SENDERS / SENDERS_PER_ROOM);
const WATCHERS_PER_ROOM = 20;
const PUTS_PER_SECOND = 100;
const CONNECTIONS = 16;
const SETTLE_LIMIT_MS = 15_000;
const LOOK_MS = 20;

export const benchLatency = (options: BenchOptions): Promise<BenchResult> => {
  const { rate = PUTS_PER_SECOND, watchers = WATCHERS_PER_ROOM } = options;
  return onStand(options, SENDERS + ROOMS * watchers, async (stand) => {
    await fillRooms(stand, watchers);
    const idle = await putsAlone(stand, rate, options);
    const figures: Figure[] = [{ name: 'PUT without watchers, CPU', value: idle, unit: 'ms each' }];
    for (const way of ['poll', 'stream'] as const)
      figures.push(...(await measure(stand, way, { ...options, rate, watchers }, idle)));
    return {
      workload: `open loop of PUTs, ${SENDERS} senders in rooms of ${SENDERS_PER_ROOM} with ${watchers} watchers each, who wait by poll or stream; log: ${stand.logName}`,
      parameters: {
        senders: SENDERS,
        watchers_per_room: watchers,
        puts_per_second: rate,
        seconds: options.seconds,
        seed: options.seed,
      },
      figures,
      operations: rate * options.seconds * 2,
      cost: { wallSeconds: options.seconds * 2, ...costOf(stand) },
    };
  });
};

/** Runs it against all of Rollcall in one process, on the log that the options name. */
export async function onStand(
  { log, partitions = 8, profile }: BenchOptions,
  users: number,
  run: (stand: Stand) => Promise<BenchResult>,
): Promise<BenchResult> {
  const bench = log === 'kafka' ? await Workbench.open({ partitions }) : undefined;
  try {
    const stand = await Stand.start({ users, bench, profile });
    try {
      const result = await run(stand);
      if (bench === undefined) return result;
      return {
        ...result,
        parameters: { ...result.parameters, log: 'kafka' },
        figures: [...result.figures, ...(await bench.ceilingFigures())],
        versions: bench.versions,
      };
    } finally {
      await stand.stop();
    }
  } finally {
    await bench?.close();
  }
}

export function costOf({ process }: Stand): Pick<BenchResult['cost'], 'cpuSeconds' | 'peakRssBytes' | 'collections'> {
  return {
    cpuSeconds: process.usage().cpuSeconds,
    peakRssBytes: process.peakRssBytes(),
    collections: process.collections(),
  };
}

/** The room of a sender or watcher: watchers come after the senders in number. */
function roomOf(user: number, watchers: number): number {
  return user < SENDERS ? Math.floor(user / SENDERS_PER_ROOM) : Math.floor((user - SENDERS) / watchers);
}

async function fillRooms(stand: Stand, watchers: number): Promise<void> {
  const lines = Array.from({ length: SENDERS + ROOMS * watchers }, (_, user) =>
    JSON.stringify({
      room_id: `!room-${roomOf(user, watchers)}:bench.example`,
      user_id: userIdOf(user),
      membership: 'join',
    }),
  );
  await stand.post('memberships', lines.join('\n'));
}

interface Load {
  readonly rate: number;
  /** Of each room. */
  readonly watchers: number;
  readonly seconds: number;
  readonly seed: number;
}

/** Ms of CPU that a PUT takes when nobody waits for it. */
async function putsAlone(stand: Stand, rate: number, { seconds, seed }: BenchOptions): Promise<number> {
  await drive(stand, { rate, seconds: 2, seed }, () => undefined);
  const before = stand.process.usage().cpuSeconds;
  const sent = await drive(stand, { rate, seconds: seconds / 2, seed }, () => undefined);
  return ((stand.process.usage().cpuSeconds - before) / sent) * 1000;
}

async function measure(stand: Stand, way: WatchWay, load: Load, idleMs: number): Promise<Figure[]> {
  const due = new Map<number, number>();
  const latenciesMs: number[] = [];
  const last = new Map<string, number>();
  const expected = { seen: 0 };
  const watchers = await Watchers.open({
    port: stand.port,
    way,
    watchers: Array.from({ length: ROOMS * load.watchers }, (_, index) => ({
      user: SENDERS + index,
      token: stand.token(SENDERS + index),
    })),
    onSeen: (watcher, sender, turn) => {
      const key = `${watcher} ${sender}`;
      const before = last.get(key) ?? -1;
      last.set(key, turn);
      const nowMs = performance.now();
      for (const seen of turnsBetween(sender, before, turn)) {
        latenciesMs.push(nowMs - (due.get(seen) ?? Number.NaN));
        expected.seen += 1;
      }
    },
  });
  try {
    const before = stand.process.usage();
    const eventsBefore = watchers.events;
    const sent = await drive(stand, load, (turn, sender, atMs) => {
      due.set(turn, atMs);
      noteTurn(userIdOf(sender), turn);
    });
    const limitMs = performance.now() + SETTLE_LIMIT_MS;
    while (expected.seen < sent * load.watchers && performance.now() < limitMs)
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    const after = stand.process.usage();
    const events = watchers.events - eventsBefore;
    const cpuMs = (after.cpuSeconds - before.cpuSeconds) * 1000;
    const missing = sent * load.watchers - expected.seen;
    if (missing > 0)
      throw new Error(`${missing} of ${sent * load.watchers} news never reached their watchers by ${way}`);
    return [
      { name: `${way}: events delivered`, value: events / ((after.atMs - before.atMs) / 1000), unit: '/s' },
      ...([0.5, 0.9, 0.99, 0.999] as const).map((share) => ({
        name: `${way}: p${share * 100}`,
        value: percentile(latenciesMs, share),
        unit: 'ms',
      })),
      { name: `${way}: CPU, all of it`, value: cpuMs / events, unit: 'ms an event' },
      { name: `${way}: CPU beside the PUTs`, value: (cpuMs - sent * idleMs) / events, unit: 'ms an event' },
    ];
  } finally {
    watchers.close();
    turns.clear();
  }
}

/** Of each sender the turns that it took, in order. */
const turns = new Map<string, number[]>();

function noteTurn(sender: string, turn: number): void {
  const its = turns.get(sender);
  if (its === undefined) turns.set(sender, [turn]);
  else its.push(turn);
}

function turnsBetween(sender: string, after: number, upTo: number): number[] {
  return (turns.get(sender) ?? []).filter((turn) => turn > after && turn <= upTo);
}

type OnSent = (turn: number, sender: number, dueMs: number) => void;
let turn = 0;

/** PUTs at exponential intervals, whatever becomes of the ones before; resolves with how many, when all are answered. */
async function drive(stand: Stand, { rate, seconds, seed }: Omit<Load, 'watchers'>, onSent: OnSent): Promise<number> {
  const draw = seeded(seed);
  const pool = Array.from({ length: CONNECTIONS }, () => new Connection(stand.port));
  const free = [...pool];
  const queued: (() => void)[] = [];
  const answers: Promise<void>[] = [];
  const startMs = performance.now();
  let dueMs = startMs;
  for (let sent = 0; ; sent += 1) {
    dueMs += gapMs(draw, rate);
    if (dueMs > startMs + seconds * 1000) {
      await Promise.all(answers);
      for (const connection of pool) connection.close();
      return sent;
    }
    const waitMs = dueMs - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    turn += 1;
    const sender = Math.floor(draw() * SENDERS);
    onSent(turn, sender, dueMs);
    answers.push(put(stand, { sender, turn, free, queued }));
  }
}

function gapMs(draw: Draw, rate: number): number {
  return (-Math.log(1 - draw()) / rate) * 1000;
}

interface Turn {
  readonly sender: number;
  readonly turn: number;
  readonly free: Connection[];
  readonly queued: (() => void)[];
}

async function put(stand: Stand, { sender, turn: number, free, queued }: Turn): Promise<void> {
  while (free.length === 0) await new Promise<void>((resolve) => queued.push(resolve));
  const connection = free.pop()!;
  const path = `/_matrix/client/v3/presence/${encodeURIComponent(userIdOf(sender))}/status`;
  const body = `{"presence":"online","status_msg":"${number}"}`;
  const { status, body: text } = await connection.ask(requestText('PUT', path, stand.token(sender), body));
  free.push(connection);
  queued.shift()?.();
  if (status !== 200) throw new Error(`PUT: ${status} ${text}`);
}
