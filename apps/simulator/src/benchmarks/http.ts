// PUT and GET of presence over real HTTP against `npm start` in a process of its own. A PUT is answered when it is
// durable and visible, so its rate is the whole path's: door, log, fold, states, view.
import type { BenchOptions, BenchResult, Figure } from './benchmark.js';
import { loadHttp, requestText, type LoadOptions, type LoadOutcome } from './http-load.js';
import { percentile } from './measure.js';
import { startServer, type Server } from './server.js';

const CONNECTIONS = 64;
const WARM_UP_SECONDS = 2;
const STATES = ['online', 'unavailable', 'busy'] as const;

export async function benchHttp({ seconds, users, seed }: BenchOptions): Promise<BenchResult> {
  const server = await startServer({ PUT_PER_SECOND: '1000000', PUT_BURST: '1000000' });
  try {
    const puts = await measure(server, seconds / 2, (index) => put(index, users));
    const gets = await measure(server, seconds / 2, (index) => get(index, users));
    const cpuSeconds = puts.cpuSeconds + gets.cpuSeconds;
    return {
      workload: 'PUT …/status, then GET of the own status, closed loop over keep-alive connections',
      parameters: { users, seed, connections: CONNECTIONS },
      figures: [...figuresOf('PUT', puts), ...figuresOf('GET', gets)],
      operations: puts.outcome.answered + gets.outcome.answered,
      cost: {
        wallSeconds: puts.outcome.seconds + gets.outcome.seconds,
        cpuSeconds,
        peakRssBytes: server.peakRssBytes(),
        gcPauses: Number.NaN,
        gcPauseMs: Number.NaN,
        longestGcPauseMs: Number.NaN,
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

async function measure(server: Server, seconds: number, request: LoadOptions['request']): Promise<Measured> {
  const load = { port: server.port, connections: CONNECTIONS, request };
  await loadHttp({ ...load, seconds: WARM_UP_SECONDS });
  const before = server.cpuSeconds();
  const outcome = await loadHttp({ ...load, seconds });
  const { refused } = outcome;
  if (refused.size > 0) throw new Error(`not every answer was 200: ${[...refused].map(([status, count]) => `${count} times ${status}`).join(', ')}`);
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

function pathOf(user: string): string {
  return `/_matrix/client/v3/presence/${encodeURIComponent(user)}/status`;
}

function tokenOf(user: string): string {
  return `dev|${user}|PHONE`;
}
