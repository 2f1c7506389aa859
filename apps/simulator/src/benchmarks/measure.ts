// How a benchmark measures itself: wall time, CPU of this process, peak memory and garbage collection pauses.
// Invariant: what is measured is exactly what runs between start and stop; set-up and warm-up stay outside.
import { PerformanceObserver, type PerformanceEntry } from 'node:perf_hooks';

export interface Cost {
  readonly wallSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  /** Absent: what was measured runs in a process of its own. */
  readonly collections?: Collections;
}

/** Garbage collections while it ran. */
export interface Collections {
  readonly pauses: number;
  readonly totalMs: number;
  readonly longestMs: number;
}

export class Stopwatch {
  private readonly pausesMs: number[] = [];
  private readonly observer = new PerformanceObserver((list) => this.note(list.getEntries()));
  private readonly cpu = process.cpuUsage();
  private readonly startedNs = process.hrtime.bigint();

  constructor() {
    this.observer.observe({ entryTypes: ['gc'] });
  }

  /** Seconds of wall time since the start. */
  get seconds(): number {
    return Number(process.hrtime.bigint() - this.startedNs) / 1e9;
  }

  async stop(): Promise<Cost> {
    const wallSeconds = this.seconds;
    const { user, system } = process.cpuUsage(this.cpu);
    // Node reports collections on a later turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 10));
    this.note(this.observer.takeRecords());
    this.observer.disconnect();
    return {
      wallSeconds,
      cpuSeconds: (user + system) / 1e6,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      collections: {
        pauses: this.pausesMs.length,
        totalMs: this.pausesMs.reduce((sum, pause) => sum + pause, 0),
        longestMs: Math.max(0, ...this.pausesMs),
      },
    };
  }

  private note(entries: readonly PerformanceEntry[]): void {
    for (const entry of entries) this.pausesMs.push(entry.duration);
  }
}

/** The value below which this share of the (unsorted) values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
