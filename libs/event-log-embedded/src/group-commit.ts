// Group commit: everything that arrives while one LMDB transaction is being synced goes into the next. Invariant: groups
// commit in the order in which they were filled; when one fails, so does the one that was being filled behind it, and all
// partitions go back to what the disk holds.
import { LogUnavailableError, nextTurn } from '#libs/event-log';
import { CommitGroup } from './commit-group.js';
import type { Environment } from './environment.js';
import { decodeHead, emptyHead } from './layout.js';

/** With so many writers in a group they go on at once and do not wait for each other: the next is gathered for a moment. */
const MANY_WRITERS = 8;
/** That moment is as long as the last commit took, within this: half of the commits, and no writer waits much longer. */
const LONGEST_GATHER_MS = 5;
/** So many turns a group gets however long they take, as long as each brings requests. */
const SURE_TURNS = 3;

/** What happens around a commit. */
export interface CommitHooks {
  /** Asked at every commit: an error makes it fail. */
  readonly fault: () => Error | undefined;
  /** Before a group is sealed: true = somebody was handed what is in it, and may have more to write. */
  readonly onGathered: () => boolean;
  /** Readers of its topics may have something to read. */
  readonly onCommitted: (group: CommitGroup) => void;
  /** All that was given out beyond what is committed is void. */
  readonly onTakenBack: () => void;
}

export class GroupCommit {
  /** Groups committed so far. */
  commits = 0;
  private filling: CommitGroup | undefined;
  private syncing: CommitGroup | undefined;
  private running: Promise<void> | undefined;
  private closed = false;
  /** The last commit failed: until one succeeds nobody is handed what may be lost again. */
  private failed = false;

  constructor(
    private readonly environment: Environment,
    private readonly hooks: CommitHooks,
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

  /** The group that is being filled, if there is one. */
  get open(): CommitGroup | undefined {
    return this.filling;
  }

  private async run(): Promise<void> {
    // One turn, so that all that arrives in it shares the first transaction.
    await nextTurn();
    while (this.filling !== undefined) {
      await this.quiet(this.filling);
      if (!this.failed && this.hooks.onGathered()) await this.answers();
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

  /** Requests come in one turn after the other, and what comes after the group was handed out is not answered within it. */
  private async quiet(group: CommitGroup): Promise<void> {
    if (this.closed || !this.environment.options.durable) return;
    const untilMs = performance.now() + LONGEST_GATHER_MS;
    let singles = 0;
    for (let turns = 0; group.singles > singles; turns += 1) {
      if (turns >= SURE_TURNS && performance.now() >= untilMs) return;
      singles = group.singles;
      await nextTurn();
    }
  }

  /** Of those who were handed what is to be committed: one turn in which they take it, and one in which they write. */
  private async answers(): Promise<void> {
    await nextTurn();
    await nextTurn();
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
      const fault = this.hooks.fault();
      if (fault !== undefined) throw fault;
      await this.environment.write((writes) => group.write(writes));
    } catch (error) {
      this.takeBack(group, error as Error);
      return;
    }
    this.failed = false;
    group.committed();
    group.succeed();
    this.hooks.onCommitted(group);
  }

  /** The disk says what is true: all that was given out beyond it is void, also in the group that was being filled. */
  private takeBack(group: CommitGroup, error: Error): void {
    const behind = this.filling;
    this.filling = undefined;
    for (const partition of new Set([...group.partitions, ...(behind?.partitions ?? [])])) {
      const bytes = this.environment.get(partition.key);
      partition.reset(bytes === undefined ? emptyHead() : decodeHead(bytes));
    }
    this.failed = true;
    group.fail(error);
    behind?.fail(error);
    this.hooks.onTakenBack();
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
