// A result as text, as JSON, and as rows of the README's table. Invariant: no figure without its unit, and none of the forms
// says more than another: JSON holds everything, the others what a reader needs first.
import { cpus, totalmem } from 'node:os';
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
  };
}

export function told(name: string, { workload, parameters, figures, operations, cost }: BenchResult): ToldResult {
  return {
    benchmark: name,
    workload,
    parameters,
    figures: Object.fromEntries(figures.map((figure) => [figure.name, { value: figure.value, unit: figure.unit }])),
    cost: { ...cost, cpuSecondsPerMillion: (cost.cpuSeconds / operations) * 1e6 },
    machine: machine(),
  };
}

export function asText({ benchmark, workload, parameters, figures, cost, machine: of }: ToldResult): string {
  const list = (values: Readonly<Record<string, string | number>>): string =>
    Object.entries(values)
      .map(([key, value]) => `${key} ${value}`)
      .join(', ');
  return [
    `${benchmark}: ${workload}`,
    `  parameters  ${list(parameters)}`,
    `  machine     ${list(of)}`,
    ...Object.entries(figures).map(([name, { value, unit }]) => `  ${name.padEnd(28)} ${readable(value)} ${unit}`),
    `  CPU ${readable(cost.cpuSecondsPerMillion)} s per million, peak memory ${mebibytes(cost)} MiB${collectionsText(cost)}`,
  ].join('\n');
}

export const MARKDOWN_HEAD = '| benchmark | measured | CPU s per million | peak memory |\n| --- | --- | --- | --- |';

/** One row of a table. */
export function asMarkdown({ benchmark, figures, cost }: ToldResult): string {
  const measured = Object.entries(figures)
    .map(([name, { value, unit }]) => `${name} ${readable(value)} ${unit}`.trim())
    .join('; ');
  return `| \`${benchmark}\` | ${measured} | ${readable(cost.cpuSecondsPerMillion)} | ${mebibytes(cost)} MiB |`;
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
