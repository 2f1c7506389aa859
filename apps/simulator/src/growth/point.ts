// A point of the table by which cost grows: one figure varies along an axis, all else is fixed. Invariant: what is fixed stands in
// every point, and a point that failed says so instead of a figure.
import type { BenchResult } from '../benchmarks/benchmark.js';
import type { Workbench } from '../kafka/workbench.js';

export const AXES = ['users', 'partitions', 'recipients', 'processes', 'topics'] as const;
export type Axis = (typeof AXES)[number];

export interface Point {
  readonly axis: Axis;
  readonly value: number;
  readonly partitions: number;
  /** On a workbench of its own, which is closed by whoever calls. */
  measure(bench: Workbench): Promise<Measured>;
}

export type Measured = Pick<BenchResult, 'figures' | 'operations' | 'cost'> & {
  readonly fixed: Readonly<Record<string, number | string>>;
};

/** Polls; throws what it waited for. */
export async function until(
  what: string | (() => string),
  limitMs: number,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > endMs)
      throw new Error(`waited ${limitMs / 1000} s in vain for ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

const LOOK_MS = 50;
