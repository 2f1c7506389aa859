// PUT and GET of presence, and activity in bulk, over real HTTP against `npm start` in a process of its own. A PUT and a POST
// are answered when durable and visible, so their rate is the whole path's: door, log, fold, states, view.
import type { BenchOptions, BenchResult, Figure } from './benchmark.js';
import { loadHttp, requestText, type LoadOptions, type LoadOutcome } from './http-load.js';
import { seeded } from '../seeded.js';
import { percentile } from './measure.js';
import { startServer, type Server } from './server.js';

const CONNECTIONS = 64;
const FEEDERS = 4;
const LINES = 5_000;
const WARM_UP_SECONDS = 2;
const STATES = ['online', 'unavailable', 'busy'] as const;

export async function benchHttp({ seconds, users, seed }: BenchOptions): Promise<BenchResult> {
  const server = await startServer({ PUT_PER_SECOND: '1000000', PUT_BURST: '1000000' });
  try {
    const puts = await measure(server, {
      connections: CONNECTIONS,
      seconds: seconds / 3,
      request: (index) => put(index, users),
    });
    const gets = await measure(server, {
      connections: CONNECTIONS,
      seconds: seconds / 3,
      request: (index) => get(index, users),
    });
    const inputs = await measure(server, {
      connections: FEEDERS,
      seconds: seconds / 3,
      request: (index) => feed(index, users, seed),
    });
    const cpuSeconds = puts.cpuSeconds + gets.cpuSeconds + inputs.cpuSeconds;
    const fed = inputs.outcome.answered * LINES;
    return {
      workload: 'PUT …/status, GET of the own status, POST of activity lines; closed loops over keep-alive connections',
      parameters: { users, seed, connections: CONNECTIONS, feeders: FEEDERS, lines_a_post: LINES },
      figures: [
        ...figuresOf('PUT', puts),
        ...figuresOf('GET', gets),
        { name: 'inputs end to end', value: fed / inputs.outcome.seconds, unit: '/s' },
        { name: 'inputs CPU of the server', value: (inputs.cpuSeconds / fed) * 1e6, unit: 's per million' },
      ],
      operations: puts.outcome.answered + gets.outcome.answered + fed,
      cost: {
        wallSeconds: puts.outcome.seconds + gets.outcome.seconds + inputs.outcome.seconds,
        cpuSeconds,
        peakRssBytes: server.peakRssBytes(),
      },
    };
  } finally {
    await server.stop();
  }
}

interface Measured {
  readonly outcome: LoadOutcome;
  readonly cpuSeconds: number;
}

async function measure(server: Server, options: Omit<LoadOptions, 'port'>): Promise<Measured> {
  const load = { ...options, port: server.port };
  await loadHttp({ ...load, seconds: WARM_UP_SECONDS });
  const before = server.cpuSeconds();
  const outcome = await loadHttp(load);
  const { refused } = outcome;
  if (refused.size > 0)
    throw new Error(
      `not every answer was 200: ${[...refused].map(([status, count]) => `${count} times ${status}`).join(', ')}`,
    );
  return { outcome, cpuSeconds: server.cpuSeconds() - before };
}

function figuresOf(name: string, { outcome, cpuSeconds }: Measured): Figure[] {
  return [
    { name, value: outcome.answered / outcome.seconds, unit: '/s' },
    { name: `${name} p50`, value: percentile(outcome.latenciesMs, 0.5), unit: 'ms' },
    { name: `${name} p99`, value: percentile(outcome.latenciesMs, 0.99), unit: 'ms' },
    { name: `${name} CPU of the server`, value: (cpuSeconds / outcome.answered) * 1000, unit: 'ms each' },
  ];
}

function put(index: number, users: number): string {
  const user = `@user${index % users}:localhost`;
  const presence = STATES[Math.floor(index / users + index) % STATES.length];
  return requestText('PUT', pathOf(user), tokenOf(user), `{"presence":"${presence}","status_msg":"turn ${index}"}`);
}

function get(index: number, users: number): string {
  const user = `@user${index % users}:localhost`;
  return requestText('GET', pathOf(user), tokenOf(user));
}

/** Activity of random users: durable, folded and in the gateway's views when the answer comes. */
function feed(index: number, users: number, seed: number): string {
  const draw = seeded(seed + index);
  let lines = '';
  for (let line = 0; line < LINES; line += 1) {
    lines += `{"type":"device.active","v":1,"user_id":"@user${Math.floor(draw() * users)}:localhost","device_id":"P"}\n`;
  }
  return requestText('POST', '/_rollcall/v1/activity', 'dev|admin', lines);
}

function pathOf(user: string): string {
  return `/_matrix/client/v3/presence/${encodeURIComponent(user)}/status`;
}

function tokenOf(user: string): string {
  return `dev|${user}|PHONE`;
}
