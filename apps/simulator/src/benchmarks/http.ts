// PUT and GET of presence, and activity in bulk, over real HTTP against `npm start` in a process of its own. A PUT and a POST
// are answered when durable and visible, so their rate is the whole path's: door, log, fold, states, view.
import type { BenchOptions, BenchResult, Figure } from './benchmark.js';
import { userIdOf } from '../input-mix.js';
import { requestText } from '../load/connection.js';
import type { Stand } from '../processes/stand.js';
import { seeded } from '../seeded.js';
import { loadHttp, type LoadOptions, type LoadOutcome } from './http-load.js';
import { costOf, onStand } from './latency.js';
import { percentile } from './measure.js';

export const CONNECTIONS = 64;
const FEEDERS = 4;
const LINES = 5_000;
const WARM_UP_SECONDS = 2;
const STATES = ['online', 'unavailable', 'busy'] as const;

export const benchHttp = (options: BenchOptions): Promise<BenchResult> => {
  const { seconds, users, seed, connections = CONNECTIONS } = options;
  return onStand(options, users, async (stand) => {
    const third = { connections, seconds: seconds / 3 };
    const puts = await measure(stand, { ...third, request: (index) => put(stand, index, users) });
    const gets = await measure(stand, { ...third, request: (index) => get(stand, index, users) });
    const request = (index: number): string => feed(stand, { index, users, seed });
    const inputs = await measure(stand, { ...third, connections: FEEDERS, request });
    const cpuSeconds = puts.cpuSeconds + gets.cpuSeconds + inputs.cpuSeconds;
    const fed = inputs.outcome.answered * LINES;
    return {
      workload: `PUT …/status, GET of the own status, POST of activity lines; closed loops over keep-alive connections; log: ${stand.logName}`,
      parameters: { users, seed, connections, feeders: FEEDERS, lines_a_post: LINES },
      figures: [
        ...figuresOf('PUT', puts),
        ...figuresOf('GET', gets),
        { name: 'inputs end to end', value: fed / inputs.outcome.seconds, unit: '/s' },
        { name: 'inputs CPU of the server', value: (inputs.cpuSeconds / fed) * 1e6, unit: 's per million' },
      ],
      operations: puts.outcome.answered + gets.outcome.answered + fed,
      cost: {
        ...costOf(stand),
        wallSeconds: puts.outcome.seconds + gets.outcome.seconds + inputs.outcome.seconds,
        cpuSeconds,
      },
    };
  });
};

interface Measured {
  readonly outcome: LoadOutcome;
  readonly cpuSeconds: number;
}

async function measure(stand: Stand, options: Omit<LoadOptions, 'port'>): Promise<Measured> {
  const load = { ...options, port: stand.port };
  await loadHttp({ ...load, seconds: WARM_UP_SECONDS });
  const before = stand.process.usage().cpuSeconds;
  const outcome = await loadHttp(load);
  const { refused } = outcome;
  if (refused.size > 0)
    throw new Error(
      `not every answer was 200: ${[...refused].map(([status, count]) => `${count} times ${status}`).join(', ')}`,
    );
  return { outcome, cpuSeconds: stand.process.usage().cpuSeconds - before };
}

function figuresOf(name: string, { outcome, cpuSeconds }: Measured): Figure[] {
  return [
    { name, value: outcome.answered / outcome.seconds, unit: '/s' },
    { name: `${name} p50`, value: percentile(outcome.latenciesMs, 0.5), unit: 'ms' },
    { name: `${name} p99`, value: percentile(outcome.latenciesMs, 0.99), unit: 'ms' },
    { name: `${name} CPU of the server`, value: (cpuSeconds / outcome.answered) * 1000, unit: 'ms each' },
  ];
}

function put(stand: Stand, index: number, users: number): string {
  const presence = STATES[Math.floor(index / users + index) % STATES.length];
  const body = `{"presence":"${presence}","status_msg":"turn ${index}"}`;
  return requestText('PUT', pathOf(index % users), stand.token(index % users), body);
}

function get(stand: Stand, index: number, users: number): string {
  return requestText('GET', pathOf(index % users), stand.token(index % users));
}

interface Feed {
  readonly index: number;
  readonly users: number;
  readonly seed: number;
}

/** Activity of random users: durable, folded and in the gateway's views when the answer comes. */
function feed(stand: Stand, { index, users, seed }: Feed): string {
  const draw = seeded(seed + index);
  let lines = '';
  for (let line = 0; line < LINES; line += 1) {
    lines += `{"type":"device.active","v":1,"user_id":"${userIdOf(Math.floor(draw() * users))}","device_id":"P"}\n`;
  }
  return requestText('POST', '/_rollcall/v1/activity', stand.administrator, lines);
}

function pathOf(user: number): string {
  return `/_matrix/client/v3/presence/${encodeURIComponent(userIdOf(user))}/status`;
}
