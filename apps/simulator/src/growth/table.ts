// How cost grows, as a table: every point on a broker of its own, told as soon as it is measured. Invariant: a point that fails hides
// none of the others and says what it waited for; what an earlier run measured is taken from its file and not measured again.
import { existsSync, readFileSync } from 'node:fs';
import { Workbench } from '../kafka/workbench.js';
import { readable, told, type ToldResult } from '../report.js';
import { fanoutPoints } from './fanout-points.js';
import { foldPoints } from './fold-points.js';
import type { Axis, Point } from './point.js';

/** Creating thousands of topics takes most of it. */
const POINT_LIMIT_MS = 1_800_000;

export interface GrowthOptions {
  readonly isQuick: boolean;
  readonly seed: number;
  readonly only?: Axis | undefined;
  /** JSON lines of an earlier run. */
  readonly figures?: string | undefined;
}

export interface FailedPoint {
  readonly axis: Axis;
  readonly value: number;
  readonly failed: string;
}

export async function* growth(options: GrowthOptions): AsyncGenerator<ToldResult | FailedPoint> {
  const { isQuick, seed, only } = options;
  const known = knownPoints(options.figures);
  const points = [...foldPoints(isQuick, seed), ...fanoutPoints(isQuick)];
  let broken: Axis | undefined;
  for (const point of points) {
    if (only !== undefined && point.axis !== only) continue;
    // Behind the first number of topics that breaks, larger ones do as well.
    if (point.axis === 'topics' && broken === 'topics') continue;
    const result = known.get(nameOf(point)) ?? (await measured(point));
    if ('failed' in result) broken = point.axis;
    yield result;
  }
}

async function measured(point: Point): Promise<ToldResult | FailedPoint> {
  const { axis, value, partitions } = point;
  try {
    const bench = await Workbench.open({ partitions });
    try {
      const { fixed, ...of } = await withLimit(point.measure(bench));
      const parameters = { ...fixed, axis, value };
      return told('growth', { workload: `${axis} ${value}`, parameters, ...of, versions: bench.versions });
    } finally {
      await bench.close();
    }
  } catch (error) {
    return { axis, value, failed: error instanceof Error ? error.message : String(error) };
  }
}

/** When it is over, whatever the point still waits for ends with its workbench. */
function withLimit<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not measured in ${POINT_LIMIT_MS / 1000} s`)), POINT_LIMIT_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function knownPoints(file: string | undefined): ReadonlyMap<string, ToldResult> {
  if (file === undefined || !existsSync(file)) return new Map();
  const lines = readFileSync(file, 'utf8').split('\n');
  const results = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as ToldResult);
  return new Map(
    results.filter(({ benchmark }) => benchmark === 'growth').map((result) => [nameOf(result.parameters), result]),
  );
}

function nameOf({ axis, value }: Readonly<Record<string, unknown>> | Point): string {
  return `${String(axis)} ${String(value)}`;
}

export const GROWTH_HEAD =
  '| axis | value | measured | peak memory of a process | GC pauses | fixed |\n| --- | --- | --- | --- | --- | --- |';

export function growthRow(result: ToldResult | FailedPoint): string {
  if ('failed' in result) return `| ${result.axis} | ${count(result.value)} | failed: ${result.failed} | | | |`;
  const { axis, value, ...fixed } = result.parameters;
  const figures = Object.entries(result.figures).map(([name, of]) => `${name} ${readable(of.value)} ${of.unit}`.trim());
  const { peakRssBytes, collections } = result.cost;
  const pauses =
    collections === undefined ? '–' : `${collections.pauses}, longest ${readable(collections.longestMs)} ms`;
  const others = Object.entries(fixed)
    .filter(([name]) => name !== axis)
    .map(([name, of]) => `${name} ${typeof of === 'number' ? count(of) : of}`);
  return `| ${axis} | ${typeof value === 'number' ? count(value) : value} | ${figures.join('; ')} | ${Math.round(peakRssBytes / 2 ** 20)} MiB | ${pauses} | ${others.join(', ')} |`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}
