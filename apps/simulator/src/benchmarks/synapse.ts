// The same people and the same load on Synapse with its own presence, on Synapse without presence behind Rollcall, and on Rollcall
// alone, on the same machine. Invariant: the CPU of a side is that of all its processes; sides start from copies of one database, so
// rooms, people and tokens are the same; all stand at once and take each load in turn, since what a machine gives changes within
// minutes.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts, packageFault, PassingFolder, Synapse, SYNAPSE } from '#libs/testing';
import { Client } from '../against-synapse/client.js';
import { compared, figuresOf, type Outcomes } from '../against-synapse/comparison.js';
import { loadNews, loadPolls, loadPuts, loadStorm } from '../against-synapse/loads.js';
import { largeSyncs, plainSyncs } from '../against-synapse/passing-through.js';
import { rollcallAlone, synapseAlone, synapseBehind, type Side, type SideOptions } from '../against-synapse/side.js';
import { everybody, settle, type Town, type TownSize } from '../against-synapse/town.js';
import { readable } from '../report.js';
import { seeded } from '../seeded.js';
import type { BenchOptions, BenchResult, Figure } from './benchmark.js';
import { CONNECTIONS } from './http.js';
import { Stopwatch } from './measure.js';

const WHOLE: TownSize = { room: 100, stormUsers: 200, stormWatchers: 20 };
const QUICK: TownSize = { room: 20, stormUsers: 20, stormWatchers: 5 };
const NEWS_PER_SECOND = 2;
const STEADY_POLL_MS = 1_000;
const BEGUN_AT_ONCE = 5;
const SPREAD_SECONDS = 10;
/** Who polled no more is shown offline 30 s later, on every side; nothing is measured meanwhile. */
const UNTIL_OFFLINE_MS = 36_000;
const LARGE_BYTES = 100 * 2 ** 20;

export async function benchSynapse(options: BenchOptions): Promise<BenchResult> {
  const fault = packageFault(SYNAPSE);
  if (fault !== undefined) throw new Error(`there is no Synapse to compare with: ${fault}`);
  const folder = new PassingFolder('synapse');
  try {
    const size = options.quick === true ? QUICK : WHOLE;
    const prepared = await prepare(folder.path, size);
    const watch = new Stopwatch();
    const figures: Figure[] = [];
    const sides = await onSides(prepared, options, async ({ synapsePort = 0, port }) => {
      const ports = { direct: synapsePort, through: port, name: 'Synapse' };
      figures.push(...(await plainSyncs(ports, prepared.town.room[0]!, options.quick === true ? 50 : 300)));
    });
    const [theirs, behind, alone] = sides;
    figures.push(...(await largeSyncs(LARGE_BYTES, options.quick === true ? 100 : 500)));
    return {
      workload: `the same on Synapse with its own presence (SQLite), on Synapse without it behind Rollcall (embedded log), and on Rollcall alone: PUTs from ${options.connections ?? CONNECTIONS} connections; news in a room in which all wait, the next when everybody has read the last, then ${NEWS_PER_SECOND} a second; polls of ${STEADY_POLL_MS} ms that find nothing; storms until every watcher has seen everybody`,
      parameters: {
        room: size.room,
        storm_users: size.stormUsers,
        storm_watchers: size.stormWatchers,
        storm_spread_s: SPREAD_SECONDS,
        connections: options.connections ?? CONNECTIONS,
        news_per_second: options.rate ?? NEWS_PER_SECOND,
        seconds: options.seconds,
        seed: options.seed,
      },
      figures: [...sides.flatMap(figuresOf), ...compared(theirs, behind, alone), ...figures],
      operations: sides.reduce((sum, { news, puts, polls }) => sum + news.events + puts.puts + polls.polls, 0),
      versions: { synapse: SYNAPSE.version },
      cost: {
        ...(await watch.stop()),
        cpuSeconds: sides.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
        peakRssBytes: Math.max(...sides.map(({ peakRssBytes }) => peakRssBytes)),
        collections: alone.collections!,
      },
    };
  } finally {
    folder.remove();
  }
}

async function prepare(folder: string, size: TownSize): Promise<SideOptions> {
  const [port = 0] = await freePorts(1);
  mkdirSync(join(folder, 'original'));
  const original = await Synapse.prepare(join(folder, 'original'), port);
  await original.start();
  try {
    return { folder, original, town: await settle(original, size) };
  } finally {
    await original.stop();
  }
}

/** A side with its people, who have begun. */
interface Stage {
  readonly side: Side;
  readonly room: readonly Client[];
  readonly watchers: readonly Client[];
  readonly atOnce: readonly Client[];
  readonly spread: readonly Client[];
  readonly cpuSecondsBefore: number;
}

/** What each side made of each load. `behind`: what else is asked of the homeserver and of what stands before it. */
async function onSides(
  prepared: SideOptions,
  options: BenchOptions,
  behind: (side: Side) => Promise<void>,
): Promise<[Outcomes, Outcomes, Outcomes]> {
  const sides: Side[] = [];
  const stages: Stage[] = [];
  try {
    for (const open of [synapseAlone, synapseBehind, rollcallAlone]) {
      const side = await open(prepared);
      sides.push(side);
      stages.push(await begunOn(side, prepared.town));
    }
    const outcomes = await taken(stages, prepared.town, options);
    await behind(sides[1]!);
    return outcomes as [Outcomes, Outcomes, Outcomes];
  } finally {
    await Promise.all(sides.map((side) => side.stop()));
  }
}

async function begunOn(side: Side, town: Town): Promise<Stage> {
  tell(`${side.name}: ${everybody(town).length} clients begin`);
  const [room, watchers, atOnce, spread] = await begun(side, [town.room, town.watchers, ...town.storms]);
  side.stand?.process.collections();
  return {
    side,
    ...{ room: room!, watchers: watchers!, atOnce: atOnce!, spread: spread! },
    cpuSecondsBefore: side.cpuSeconds(),
  };
}

/** Storms first: they need people of whom nobody has been seen yet. */
async function taken(stages: readonly Stage[], town: Town, options: BenchOptions): Promise<Outcomes[]> {
  const { seconds, seed, rate = NEWS_PER_SECOND, connections = CONNECTIONS } = options;
  const inTurn = async <T>(load: string, take: (stage: Stage) => Promise<T>): Promise<T[]> => {
    const outcomes: T[] = [];
    for (const stage of stages) {
      const outcome = await take(stage);
      const known = Object.entries(outcome ?? {}).map(([name, value]) => `${name} ${readable(value as number)}`);
      if (known.length > 0) tell(`${load}, ${stage.side.name}: ${known.join(', ')}`);
      outcomes.push(outcome);
    }
    return outcomes;
  };
  const storm = (stage: Stage, users: readonly Client[], spreadSeconds: number) =>
    loadStorm(stage.side, { users, watchers: stage.watchers, spreadSeconds, draw: seeded(seed) });
  const stormsAtOnce = await inTurn('storm at once', (stage) => storm(stage, stage.atOnce, 0));
  const stormsSpread = await inTurn('storm spread', (stage) => storm(stage, stage.spread, SPREAD_SECONDS));
  if (options.quick !== true) await sleep(UNTIL_OFFLINE_MS);
  const puts = await inTurn('PUTs', ({ side }) => loadPuts(side, town.room, { seconds, connections }));
  const news = await inTurn('news', ({ side, room }) => loadNews(side, room, { way: 'poll', seconds }));
  const seldom = await inTurn('few news', ({ side, room }) => loadNews(side, room, { way: 'poll', rate, seconds }));
  const streamed = await inTurn('news by stream', ({ side, room }) =>
    side.hasStream ? loadNews(side, room, { way: 'stream', seconds }) : Promise.resolve(undefined),
  );
  const steady = { seconds: seconds * 2, timeoutMs: STEADY_POLL_MS };
  const polls = await inTurn('polls of nothing', ({ side, room }) => loadPolls(side, room, steady));
  return stages.map(({ side, cpuSecondsBefore }, index) => ({
    name: side.name,
    ...{ stormAtOnce: stormsAtOnce[index]!, stormSpread: stormsSpread[index]!, puts: puts[index]! },
    ...{ news: news[index]!, seldom: seldom[index]!, streamed: streamed[index], polls: polls[index]! },
    cpuSeconds: side.cpuSeconds() - cpuSecondsBefore,
    peakRssBytes: side.peakRssBytes(),
    collections: side.stand?.process.collections(),
  }));
}

/** How far it is, and what is known already if it comes no further. */
function tell(text: string): void {
  process.stderr.write(`${performance.now().toFixed(0).padStart(7)} ms  ${text}\n`);
}

async function begun(side: Side, groups: Town['storms'][number][]): Promise<Client[][]> {
  const clients = groups.map((people) => people.map((person) => new Client(side, person)));
  const all = clients.flat();
  for (let from = 0; from < all.length; from += BEGUN_AT_ONCE)
    await Promise.all(all.slice(from, from + BEGUN_AT_ONCE).map((client) => client.begin()));
  return clients;
}
