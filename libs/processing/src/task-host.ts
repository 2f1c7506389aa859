// Owns the tasks of one group member: makes one for every partition gained, throws it away for every partition lost, and
// takes a member whose task failed through the group again before anything of it is built anew. Invariant: a task that
// failed is never restarted in place: its partition may be somebody else's by now, and a new producer would fence that
// rightful owner. Only being assigned, after having joined again, makes a task.
import { OffsetOutOfRangeError, RecordTooLargeError, type GroupMember, type RecordBatch } from '#libs/event-log';
import { EndsWatch } from './ends-watch.js';
import { AbandonedError, TaskStoppedError, asError } from './stops.js';
import type { TaskSettings } from './task-settings.js';
import { Task } from './task.js';
import { Turns } from './turns.js';

/** How a partition fares: the task's state, or why it stopped. */
export interface PartitionHealth {
  readonly partition: number;
  readonly state: 'restoring' | 'catching-up' | 'live' | 'closing' | 'closed' | 'stopped';
  /** Only when stopped. */
  readonly reason?: string;
}

export class TaskHost {
  readonly #tasks = new Map<number, Task>();
  readonly #stopped = new Map<number, Error>();
  readonly #closing = new Set<Promise<void>>();
  readonly #ends: EndsWatch;
  readonly #turns: Turns;
  #member: GroupMember | undefined;
  #memberWaiters: ((member: GroupMember) => void)[] = [];
  #isStopping = false;
  #rejoining: 'no' | 'waiting' | 'joining' = 'no';
  #failures = 0;
  #cancelRejoin: (() => void) | undefined;

  constructor(private readonly settings: TaskSettings) {
    const { log, clock, topology, limits } = settings;
    this.#turns = new Turns(clock, { atOnce: limits.restoredAtOnce, stallMs: limits.restoreStallMs });
    this.#ends = new EndsWatch({
      log,
      clock,
      topics: topology.inputs,
      everyMs: limits.endsEveryMs,
      retryMs: limits.retryMaxMs,
      onEnds: (ends, askedMs) => {
        this.#learnEnds(ends, askedMs);
      },
      onError: (error) => settings.observer.failed?.(-1, error),
    });
  }

  /** The topics to join with. */
  get topics(): readonly string[] {
    return this.settings.topology.inputs;
  }

  get group(): string {
    return this.settings.group;
  }

  task(partition: number): Task | undefined {
    return this.#tasks.get(partition);
  }

  get tasks(): readonly Task[] {
    return [...this.#tasks.values()];
  }

  /** Requests for the ends of the inputs made so far; none while nothing is outstanding. */
  get endsRequests(): number {
    return this.#ends.requests;
  }

  health(): readonly PartitionHealth[] {
    const stopped = [...this.#stopped].map(([partition, { message }]) => ({
      partition,
      state: 'stopped' as const,
      reason: message,
    }));
    return [...this.tasks.map(({ partition, state }) => ({ partition, state })), ...stopped].sort(
      (one, other) => one.partition - other.partition,
    );
  }

  /** Joins the group by itself; whoever has a member from elsewhere calls the four below instead. */
  async start(): Promise<GroupMember> {
    const member = await this.settings.log.join({
      group: this.group,
      topics: this.topics,
      early: true,
      onAssigned: (partitions) => {
        this.assigned(partitions);
      },
      onRevoked: (partitions) => {
        this.revoked(partitions);
      },
      onBatch: (batch) => {
        this.accept(batch);
      },
      onError: (error, fatal) => {
        this.memberFailed(error, fatal);
      },
    });
    this.joined(member);
    return member;
  }

  joined(member: GroupMember): void {
    this.#member = member;
    for (const resolve of this.#memberWaiters.splice(0)) resolve(member);
  }

  assigned(partitions: readonly number[]): void {
    if (this.#isStopping) return;
    for (const partition of partitions) this.#inBackground(this.#own(partition));
  }

  revoked(partitions: readonly number[]): void {
    for (const partition of partitions) {
      this.#stopped.delete(partition);
      const task = this.#tasks.get(partition);
      if (task === undefined) continue;
      this.#tasks.delete(partition);
      this.#close(task.abandon());
    }
  }

  accept(batch: RecordBatch): void {
    this.#tasks.get(batch.partition)?.accept(batch);
  }

  /** A fault of the membership. Records that were deleted before they were read are lost: nobody may fold on past them. */
  memberFailed(error: Error, fatal: boolean): void {
    if (fatal || !(error instanceof OffsetOutOfRangeError)) {
      this.settings.observer.failed?.(-1, error);
      return;
    }
    for (const task of this.tasks) this.#discard(task, error);
    this.#rejoinSoon();
  }

  /** Finishes what is folded, commits it and closes; leaves the group if it joined by itself. */
  async stop(): Promise<void> {
    await this.drain();
    await this.#member?.leave();
  }

  /** Finishes what is folded and commits it; nothing is taken afterwards. */
  async drain(): Promise<void> {
    this.#isStopping = true;
    this.#ends.close();
    this.#cancelRejoin?.();
    await Promise.all([...this.tasks.map((task) => task.drain()), ...this.#closing]);
    this.#tasks.clear();
  }

  async #own(partition: number): Promise<void> {
    const task = this.#taskOf(partition);
    const before = this.#tasks.get(partition);
    if (before !== undefined) this.#close(before.abandon());
    this.#tasks.set(partition, task);
    this.#stopped.delete(partition);
    this.settings.observer.moved?.(partition, task.state);
    try {
      const offsets = await task.restore();
      const member = this.#member ?? (await new Promise<GroupMember>((resolve) => this.#memberWaiters.push(resolve)));
      if (this.#tasks.get(partition) !== task) return;
      for (const [index, topic] of this.topics.entries()) member.seek(topic, partition, offsets[index]!);
    } catch (error) {
      if (error instanceof AbandonedError) return;
      this.#fail(task, asError(error));
    }
  }

  #taskOf(partition: number): Task {
    const task: Task = new Task(partition, this.settings, {
      pause: (topic) => this.#member?.pause(topic, partition),
      resume: (topic) => this.#member?.resume(topic, partition),
      wantEnds: () => {
        this.#ends.want();
      },
      inTurn: (read) => this.#turns.run(read),
      committed: () => {
        this.#failures = 0;
      },
      failed: (error) => {
        this.#fail(task, error);
      },
    });
    return task;
  }

  #learnEnds(ends: readonly (readonly number[])[], askedMs: number): void {
    for (const task of this.tasks) {
      const its = ends.map((of) => of[task.partition]);
      if (its.some((end) => end === undefined))
        this.#fail(
          task,
          new TaskStoppedError(
            `the inputs have no partition ${task.partition} any more: their partition count changed`,
          ),
        );
      else task.learnEnds(its as number[], askedMs);
    }
  }

  /** A task failed: what trying again cannot mend stops it; everything else goes through the group again. */
  #fail(task: Task, error: Error): void {
    if (this.#tasks.get(task.partition) !== task || this.#isStopping) return;
    this.#discard(task, error);
    const { observer, policies } = this.settings;
    if (
      error instanceof TaskStoppedError ||
      error instanceof RecordTooLargeError ||
      policies.cannotProduce === 'stop'
    ) {
      this.#stopped.set(task.partition, error);
      for (const topic of this.topics) this.#member?.pause(topic, task.partition);
      observer.stopped?.(task.partition, error);
    } else this.#rejoinSoon();
  }

  #discard(task: Task, error: Error): void {
    this.#tasks.delete(task.partition);
    this.#close(task.abandon());
    this.settings.observer.failed?.(task.partition, error);
  }

  /** One pause and one rejoin for all that failed together; the pause grows while nothing is committed in between. */
  #rejoinSoon(): void {
    if (this.#rejoining !== 'no' || this.#isStopping) return;
    const { clock, limits } = this.settings;
    this.#rejoining = 'waiting';
    const pauseMs = Math.min(limits.retryMs * 2 ** this.#failures, limits.retryMaxMs);
    this.#failures = Math.min(this.#failures + 1, 30);
    this.#cancelRejoin = clock.wakeAt(clock.nowMs() + pauseMs, () => {
      this.#rejoining = 'joining';
      this.#inBackground(this.#rejoin());
    });
  }

  async #rejoin(): Promise<void> {
    let failed = false;
    try {
      await this.#member?.rejoin();
    } catch (error) {
      this.settings.observer.failed?.(-1, asError(error));
      failed = true;
    }
    this.#rejoining = 'no';
    if (failed) this.#rejoinSoon();
  }

  #close(closing: Promise<void>): void {
    this.#closing.add(closing);
    this.#inBackground(closing.finally(() => this.#closing.delete(closing)));
  }

  /** None of these ever rejects, unless there is a bug: then it is told, never swallowed. */
  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => this.settings.observer.failed?.(-1, asError(error)));
  }
}
