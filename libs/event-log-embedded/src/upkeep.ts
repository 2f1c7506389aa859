// Upkeep in the background: retention, compaction, leftovers of deleted topics, readers that died. Invariant: one thing at
// a time, in small transactions between those of writers; stopping waits for the step under way, and a crash loses nothing.
import { compact, isDirty } from './compaction.js';
import { removeTrash, retain, type Stores } from './retention.js';
import type { Topic, TopicRegistry } from './topic-registry.js';

export interface UpkeepOptions {
  readonly nowMs: () => number;
  readonly tombstoneLagMs: number;
  /** Milliseconds between two looks; 0 = only when asked. */
  readonly everyMs: number;
  readonly onError: (error: Error) => void;
}

export class Upkeep {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private busy = false;
  private stopped = false;

  constructor(
    private readonly stores: Stores,
    private readonly registry: TopicRegistry,
    private readonly options: UpkeepOptions,
  ) {
    if (options.everyMs > 0) this.timer = setInterval(() => this.look(), options.everyMs).unref();
  }

  private look(): void {
    if (this.busy) return;
    this.run(false).catch((error: unknown) => this.options.onError(error as Error));
  }

  /** All upkeep that is due (`thorough`: also what does not pay yet); resolves when done. */
  run(thorough: boolean): Promise<void> {
    const run = this.running.then(() => this.work(thorough));
    this.running = run.catch(() => {
      // Told to whoever asked for the run; the next one starts anew.
    });
    return run;
  }

  private async work(thorough: boolean): Promise<void> {
    if (this.stopped) return;
    this.busy = true;
    try {
      this.stores.environment.dropDeadReaders();
      for (const trash of this.registry.trash()) await removeTrash(this.stores, trash);
      for (const topic of [...this.registry.all()]) await this.keep(topic, thorough);
    } finally {
      this.busy = false;
    }
  }

  private async keep({ description, partitions }: Topic, thorough: boolean): Promise<void> {
    const nowMs = this.options.nowMs();
    for (const partition of partitions) {
      if (this.stopped || this.registry.find(description.name)?.description.id !== description.id) return;
      if (description.cleanup === 'compact') {
        if (!thorough && !isDirty(partition)) continue;
        const lagMs = description.minCompactionLagMs ?? 0;
        await compact(this.stores, partition, { nowMs, lagMs, tombstoneLagMs: this.options.tombstoneLagMs });
      } else if (description.retentionMs !== undefined) {
        await retain(this.stores, partition, nowMs - description.retentionMs);
      }
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }
}
