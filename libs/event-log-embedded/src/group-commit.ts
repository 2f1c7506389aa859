// Group commit: everything that arrives while one LMDB transaction is being synced goes into the next. Invariant: groups
// commit in the order in which they were filled; when one fails, so does the one that was being filled behind it, and all
// partitions go back to what the disk holds.
import { LogUnavailableError } from '#libs/event-log';
import { CommitGroup } from './commit-group.js';
import type { Environment } from './environment.js';
import { decodeHead, emptyHead } from './layout.js';

/** With so many writers in a group they go on at once and do not wait for each other: the next is gathered for a moment. */
const MANY_WRITERS = 8;
/** That moment is as long as the last commit took, within this: half of the commits, and no writer waits much longer. */
const LONGEST_GATHER_MS = 5;

export class GroupCommit {
  /** Groups committed so far. */
  commits = 0;
  private filling: CommitGroup | undefined;
  private syncing: CommitGroup | undefined;
  private running: Promise<void> | undefined;
  private closed = false;

  constructor(
    private readonly environment: Environment,
    /** Readers of its topics may have something to read. */
    private readonly onCommitted: (group: CommitGroup) => void,
  ) {}

  /** The group that takes what arrives now. Fill it without waiting in between; then await its `done`. */
  get group(): CommitGroup {
    if (this.closed) throw new LogUnavailableError(`The log in ${this.environment.options.directory} is closed`);
    if (this.filling === undefined) {
      this.filling = new CommitGroup();
      this.running ??= this.run();
    }
    this.filling.writers++;
    return this.filling;
  }

  private async run(): Promise<void> {
    // One turn, so that all that arrives in it shares the first transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.filling !== undefined) {
      const group = this.filling;
      this.filling = undefined;
      this.syncing = group;
      const startedMs = performance.now();
      await this.commit(group);
      this.syncing = undefined;
      if (group.writers >= MANY_WRITERS) await this.gather(performance.now() - startedMs);
    }
    this.running = undefined;
  }

  /** What a sync costs does not grow with what is in it; without one there is nothing to save. */
  private async gather(lastTookMs: number): Promise<void> {
    if (this.closed || !this.environment.options.durable) return;
    await new Promise((resolve) => setTimeout(resolve, Math.min(lastTookMs, LONGEST_GATHER_MS)));
  }

  private async commit(group: CommitGroup): Promise<void> {
    this.commits++;
    group.seal();
    try {
      await this.environment.write((writes) => group.write(writes));
    } catch (error) {
      this.takeBack(group, error as Error);
      return;
    }
    group.committed();
    group.succeed();
    this.onCommitted(group);
  }

  /** The disk says what is true: all that was given out beyond it is void, also in the group that was being filled. */
  private takeBack(group: CommitGroup, error: Error): void {
    const behind = this.filling;
    this.filling = undefined;
    for (const partition of new Set([...group.partitions, ...(behind?.partitions ?? [])])) {
      const bytes = this.environment.get(partition.key);
      partition.reset(bytes === undefined ? emptyHead() : decodeHead(bytes));
    }
    group.fail(error);
    behind?.fail(error);
  }

  /** Resolves when everything given so far is decided, well or not; for one topic, when that is all that matters. */
  async settled(topic?: string): Promise<void> {
    for (const group of [this.syncing, this.filling]) {
      if (group !== undefined && (topic === undefined || group.topics.has(topic)))
        await group.done.catch(() => {
          // Decided is decided: whoever wrote is told that it failed.
        });
    }
  }

  /** Takes nothing more, and resolves when all that was taken is decided. */
  async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }
}
