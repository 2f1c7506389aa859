// The process's metrics: one registry, and typed catalogues from which each app gets its meters. Invariant: every metric
// has a help text and a fixed list of labels, and none is labelled by user, room or token.

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export interface CounterSpec<L extends string> {
  readonly kind: 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
}
export interface GaugeSpec<L extends string> {
  readonly kind: 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
}
export interface HistogramSpec<L extends string> {
  readonly kind: 'histogram';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly L[];
  readonly buckets: readonly number[];
}
export type MeterSpec = CounterSpec<string> | GaugeSpec<string> | HistogramSpec<string>;
export type Catalogue = Readonly<Record<string, MeterSpec>>;

export type MeterOf<S> =
  S extends CounterSpec<infer L>
    ? Counter<L>
    : S extends GaugeSpec<infer L>
      ? Gauge<L>
      : S extends HistogramSpec<infer L>
        ? Histogram<L>
        : never;
export type Meters<C extends Catalogue> = { readonly [K in keyof C]: MeterOf<C[K]> };

export function counter<const L extends string = never>(
  name: string,
  help: string,
  labels: readonly L[] = [],
): CounterSpec<L> {
  return { kind: 'counter', name, help, labels };
}

export function gauge<const L extends string = never>(
  name: string,
  help: string,
  labels: readonly L[] = [],
): GaugeSpec<L> {
  return { kind: 'gauge', name, help, labels };
}

/** From half a millisecond to ten seconds. */
export const SECONDS_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

export function histogram<const L extends string = never>(
  name: string,
  help: string,
  options: { readonly labels?: readonly L[]; readonly buckets?: readonly number[] } = {},
): HistogramSpec<L> {
  return { kind: 'histogram', name, help, labels: options.labels ?? [], buckets: options.buckets ?? SECONDS_BUCKETS };
}

/** How often the event loop's delay is looked at: at Node's 10 ms that was nearly all of what an idle process costs. */
const LOOP_LOOK_MS = 100;

/** Injected by its class. */
export class Metrics {
  readonly registry = new Registry();
  readonly #counts: (() => void)[] = [];

  /** Process and event-loop metrics; called once by the composition, not by tests. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: LOOP_LOOK_MS });
  }

  /** Creates what a catalogue lists. A name registered twice is a bug and throws. */
  meters<C extends Catalogue>(catalogue: C): Meters<C> {
    const meters: Record<string, unknown> = {};
    for (const [key, spec] of Object.entries(catalogue)) meters[key] = this.#create(spec);
    return meters as Meters<C>;
  }

  /** Called before every exposition: for what is counted only when somebody looks. Never waits. */
  beforeExposition(count: () => void): void {
    this.#counts.push(count);
  }

  exposition(): Promise<string> {
    for (const count of this.#counts) count();
    return this.registry.metrics();
  }

  #create(spec: MeterSpec): Counter | Gauge | Histogram {
    const options = { name: spec.name, help: spec.help, labelNames: [...spec.labels], registers: [this.registry] };
    switch (spec.kind) {
      case 'counter':
        return new Counter(options);
      case 'gauge':
        return new Gauge(options);
      case 'histogram':
        return new Histogram({ ...options, buckets: [...spec.buckets] });
    }
  }
}
