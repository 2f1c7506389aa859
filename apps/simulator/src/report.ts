// A result as text, as JSON, and as rows of the README's table. Invariant: no figure without its unit, and none of the forms
// says more than another: JSON holds everything, the others what a reader needs first.
import { spawnSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';
import type { BenchResult } from './benchmarks/benchmark.js';
import type { Cost } from './benchmarks/measure.js';

/** A result as JSON has it. */
export interface ToldResult {
  readonly benchmark: string;
  readonly workload: string;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly figures: Readonly<Record<string, { readonly value: number; readonly unit: string }>>;
  readonly cost: Cost & { readonly cpuSecondsPerMillion: number };
  readonly machine: Readonly<Record<string, string | number>>;
}

export function machine(): Readonly<Record<string, string | number>> {
  const [processor] = cpus();
  return {
    cores: cpus().length,
    processor: processor?.model ?? 'unknown',
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
    rollcall: commit(),
    // Above the number of cores, others were at work as well.
    load_of_a_minute: Number((loadavg()[0] ?? 0).toFixed(1)),
  };
}

function commit(): string {
  const told = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return told.status === 0 ? told.stdout.trim() : 'unknown';
}

export function told(name: string, result: BenchResult): ToldResult {
  const { workload, parameters, figures, operations, cost, versions } = result;
  return {
    benchmark: name,
    workload,
    parameters,
    figures: Object.fromEntries(figures.map((figure) => [figure.name, { value: figure.value, unit: figure.unit }])),
    cost: { ...cost, cpuSecondsPerMillion: (cost.cpuSeconds / operations) * 1e6 },
    machine: { ...machine(), ...versions },
  };
}

export function asText({ benchmark, workload, parameters, figures, cost, machine: of }: ToldResult): string {
  return [
    `${benchmark}: ${workload}`,
    `  parameters  ${listed(parameters)}`,
    `  machine     ${listed(of)}`,
    ...Object.entries(figures).map(([name, { value, unit }]) => `  ${name.padEnd(28)} ${readable(value)} ${unit}`),
    `  CPU ${readable(cost.cpuSecondsPerMillion)} s per million, peak memory ${mebibytes(cost)} MiB${collectionsText(cost)}`,
  ].join('\n');
}

export const MARKDOWN_HEAD =
  '| benchmark | with | measured | CPU s per million | peak memory | GC pauses |\n| --- | --- | --- | --- | --- | --- |';

/** Under a table: on what it was taken. Software that only some rows need is named once. */
export function markdownFoot(results: readonly ToldResult[]): string {
  const loads = results.map(({ machine: of }) => Number(of['load_of_a_minute']));
  const rest = Object.assign({}, ...results.map(({ machine: of }) => of)) as Record<string, string | number>;
  rest['load_of_a_minute'] = loads.length === 0 ? '' : `${Math.min(...loads)} to ${Math.max(...loads)}`;
  return `\nTaken on: ${listed(rest)}.`;
}

function listed(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');
}

/** One row of a table. */
export function asMarkdown({ benchmark, parameters, figures, cost }: ToldResult): string {
  const measured = Object.entries(figures)
    .map(([name, { value, unit }]) => `${name} ${readable(value)} ${unit}`.trim())
    .join('; ');
  const { collections } = cost;
  const pauses =
    collections === undefined ? '–' : `${collections.pauses}, longest ${readable(collections.longestMs)} ms`;
  return `| \`${benchmark}\` | ${listed(parameters)} | ${measured} | ${readable(cost.cpuSecondsPerMillion)} | ${mebibytes(cost)} MiB | ${pauses} |`;
}

function mebibytes({ peakRssBytes }: Cost): number {
  return Math.round(peakRssBytes / 2 ** 20);
}

function collectionsText({ collections }: Cost): string {
  if (collections === undefined) return '';
  const { pauses, totalMs, longestMs } = collections;
  return `, ${pauses} GC pauses (${readable(totalMs)} ms in all, longest ${readable(longestMs)} ms)`;
}

export function readable(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
