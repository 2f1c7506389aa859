// What every benchmark is given and gives back. Invariant: a figure carries its unit, and a result everything that is
// needed to repeat it: workload, parameters and seed.
import type { WorkloadName } from '../load/workloads.js';
import type { Cost } from './measure.js';

export interface BenchOptions {
  /** How long the measured part runs, seconds of wall time, about. */
  readonly seconds: number;
  readonly users: number;
  readonly seed: number;
  /** Inputs, for what is filled beforehand. */
  readonly inputs: number;
  readonly partitions?: number;
  /** On which log all of Rollcall runs, where either will do. */
  readonly log?: 'embedded' | 'kafka';
  /** PUTs a second, where they come by the clock. */
  readonly rate?: number;
  /** Of each room, who wait for news. */
  readonly watchers?: number;
  readonly devices?: number;
  /** Over which PUTs and GETs come at once. */
  readonly connections?: number;
  /** What people do, where that can be chosen. */
  readonly workload?: WorkloadName;
  /** Less of everything, for a look. */
  readonly quick?: boolean;
  /** The same through Kafka Streams. */
  readonly streams?: boolean;
  /** A folder for CPU profiles of the measured process. */
  readonly profile?: string;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

export interface BenchResult {
  readonly workload: string;
  readonly parameters: Readonly<Record<string, number | string>>;
  readonly figures: readonly Figure[];
  /** What the measured part did, for CPU seconds per million. */
  readonly operations: number;
  readonly cost: Cost;
  /** Of what was measured or measured against, beside Node: Kafka, Java, Synapse. */
  readonly versions?: Readonly<Record<string, string>>;
}

export type Benchmark = (options: BenchOptions) => Promise<BenchResult>;
