// What a cluster costs while nothing happens: two aggregators, two fan-outs, two gateways as processes on a local broker,
// all partitions owned, nobody connected. Invariant: measured from outside (the kernel's count of each process), after all are
// ready and have been quiet for a while.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LocalCluster, PassingFolder, until } from '#libs/testing';
import { cpuSecondsOf, peakRssOf } from '../processes/measured-process.js';
import type { Benchmark, BenchOptions, BenchResult, Figure } from './benchmark.js';

const SERVICES = ['aggregator', 'aggregator', 'fanout', 'fanout', 'gateway', 'gateway'] as const;
const PREFIX = 'idle.';
const PARTITIONS = 8;
/** Starting, joining and compiling are over by then. */
const SETTLE_MS = 10_000;
const READY_LIMIT_MS = 120_000;

const run = promisify(execFile);

const mainOf = (app: string): string => fileURLToPath(new URL(`../../../${app}/src/main.js`, import.meta.url));

interface Service {
  readonly name: string;
  readonly child: ChildProcess;
  readonly url: string;
}

async function start(name: string, environment: Readonly<Record<string, string>>): Promise<Service> {
  const child = spawn(process.execPath, [mainOf(name)], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const end = (): void => void child.kill('SIGKILL');
  process.prependOnceListener('exit', end);
  child.once('exit', () => process.off('exit', end));
  let lines = '';
  child.stderr?.on('data', (chunk: Buffer) => (lines += chunk.toString('utf8')));
  const serving = (): string | undefined => {
    if (child.exitCode !== null) throw new Error(`the ${name} ended with exit code ${child.exitCode}: ${lines}`);
    return /"url":"(http:[^"]+)"/.exec(lines)?.[1];
  };
  const url = await until(serving, (found) => found !== undefined, READY_LIMIT_MS);
  return { name, child, url: String(url) };
}

const isReady = async ({ url }: Service): Promise<boolean> => (await fetch(`${url}/health/ready`)).status === 200;

async function measure(services: readonly Service[], seconds: number): Promise<BenchResult> {
  for (const service of services) await until(() => isReady(service), Boolean, READY_LIMIT_MS);
  await sleep(SETTLE_MS);
  const startedMs = performance.now();
  const before = services.map(({ child }) => cpuSecondsOf(child.pid ?? -1));
  await sleep(seconds * 1_000);
  const wallSeconds = (performance.now() - startedMs) / 1_000;
  const spent = services.map(({ child }, index) => cpuSecondsOf(child.pid ?? -1) - (before[index] ?? 0));
  const figures = services.map(({ name }, index): Figure => {
    const number = SERVICES.slice(0, index).filter((other) => other === name).length + 1;
    return { name: `${name} ${number}`, value: ((spent[index] ?? 0) / wallSeconds) * 100, unit: '% of a core' };
  });
  const cpuSeconds = spent.reduce((sum, one) => sum + one, 0);
  const peakRssBytes = Math.max(...services.map(({ child }) => peakRssOf(child.pid ?? -1)));
  return {
    workload: 'two aggregators, two fan-outs and two gateways on one local broker, nobody connected',
    parameters: { partitions: PARTITIONS, seconds: Math.round(wallSeconds), seed: 'none: nothing is drawn' },
    figures,
    operations: wallSeconds * 1e6,
    cost: { wallSeconds, cpuSeconds, peakRssBytes },
  };
}

export const benchIdle: Benchmark = async ({ seconds }: BenchOptions) => {
  const folder = new PassingFolder('idle');
  const cluster = await LocalCluster.start({ groupSettings: 'broker', speed: 'fast', heapMb: 512 });
  const services: Service[] = [];
  try {
    const tokens = join(folder.path, 'tokens.json');
    writeFileSync(tokens, '{"t":{"user_id":"@a:hs","device_id":"D"}}');
    const environment = {
      KAFKA_BROKERS: cluster.brokers.join(','),
      TOPIC_PREFIX: PREFIX,
      PARTITIONS: String(PARTITIONS),
      DELIVERY_PARTITIONS: String(PARTITIONS),
      STATIC_TOKENS_FILE: tokens,
      HTTP_PORT: '0',
    };
    await run(process.execPath, [mainOf('history'), 'topics', 'create'], { env: { ...process.env, ...environment } });
    for (const name of SERVICES) services.push(await start(name, environment));
    return await measure(services, seconds);
  } finally {
    for (const { child } of services) child.kill('SIGKILL');
    await cluster.close();
    folder.remove();
  }
};
