// The eyes of a read-only log: what another process has committed by now. Invariant: it never waits for the writer and
// never holds an old snapshot, so that the writer can reuse its pages. Tails beside a running server poll through it.
import type { Environment } from './environment.js';
import { decodeHead, emptyHead, type Head } from './layout.js';
import type { Partition } from './partition.js';
import type { TopicRegistry } from './topic-registry.js';

export class SnapshotReader {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly registry: TopicRegistry,
  ) {}

  /** Sees what is committed now. */
  look(): void {
    this.environment.refresh();
    this.registry.load();
  }

  head(partition: Partition): Head {
    const bytes = this.environment.get(partition.key);
    return bytes === undefined ? emptyHead() : decodeHead(bytes);
  }

  /** Looks again and again, and tells which topics have moved. */
  poll(everyMs: number, onMoved: (topic: string) => void): void {
    this.timer = setInterval(() => {
      this.look();
      for (const { description, partitions } of this.registry.all()) {
        let moved = false;
        for (const partition of partitions) {
          const { start, next } = this.head(partition);
          moved ||= next !== partition.visibleNext;
          partition.publish({ start, next });
        }
        if (moved) onMoved(description.name);
      }
    }, everyMs);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
