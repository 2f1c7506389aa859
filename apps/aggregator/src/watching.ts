// What the aggregator tells of itself: meters, lines in the journal, and whether it serves. Invariant: a stopped
// partition is never quiet: it makes the process unready, naming the reason, and is counted.
import { rejectionKind } from '#libs/contracts';
import type { Clock } from '#libs/event-log';
import type { Committed, Observer, Restored, Restoring, TaskHost, TaskState } from '#libs/processing';
import {
  counter,
  gauge,
  histogram,
  type HealthRegistry,
  type Journal,
  type Meters,
  type Metrics,
  type PartPosition,
} from '#libs/runtime';

const CATALOGUE = {
  inputs: counter('rollcall_aggregator_inputs_total', 'Inputs taken and committed.'),
  records: counter(
    'rollcall_aggregator_records_total',
    'Records written in transactions, progress and checkpoint included.',
  ),
  swept: counter('rollcall_aggregator_swept_total', 'Of the records, registers written by the rolling checkpoint.'),
  timers: counter('rollcall_aggregator_timers_total', 'Timers fired.'),
  changes: counter(
    'rollcall_aggregator_changes_total',
    'Changes committed, by the input topic or the timer that made them.',
    ['reason'],
  ),
  folds: histogram('rollcall_aggregator_fold_seconds', 'Time spent folding what is in one transaction.'),
  timersLate: histogram(
    'rollcall_aggregator_timer_late_seconds',
    'How long the first timer of a turn had been due; a quarter of a second is by design.',
  ),
  rejected: counter(
    'rollcall_aggregator_rejected_total',
    'Records that could not be decoded, by input topic and kind of fault.',
    ['topic', 'reason'],
  ),
  failures: counter(
    'rollcall_aggregator_failures_total',
    'Failures after which a task started again from the fence, and passing faults of the log.',
  ),
  transactions: histogram(
    'rollcall_aggregator_transaction_seconds',
    'From the start of a transaction to its acknowledgement.',
  ),
  restores: histogram('rollcall_aggregator_restore_seconds', 'From the fence to the first input.', {
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60],
  }),
  restored: gauge(
    'rollcall_aggregator_restored_ratio',
    'Of a partition being taken over: which part of its registers has been read, from 0 to 1.',
    ['partition'],
  ),
  tasks: gauge('rollcall_aggregator_tasks', 'Partitions owned here, by state.', ['state']),
} as const;

const STATES: readonly TaskState[] = ['restoring', 'catching-up', 'live', 'closing', 'closed'];

export class AggregatorWatch implements Observer {
  readonly #meters: Meters<typeof CATALOGUE>;
  readonly #states = new Map<number, TaskState | 'stopped'>();
  /** In the transaction under way, by partition. */
  readonly #changes = new Map<number, ReadonlyMap<string, number>>();

  constructor(
    metrics: Metrics,
    private readonly journal: Journal,
  ) {
    this.#meters = metrics.meters(CATALOGUE);
  }

  moved(partition: number, to: TaskState): void {
    if (to === 'restoring' || to === 'closed') {
      // What was not committed is made again by the next owner.
      this.#changes.delete(partition);
      this.#meters.restored.remove(String(partition));
    }
    if (to === 'closed') this.#states.delete(partition);
    else if (this.#states.get(partition) !== 'stopped' || to === 'restoring') this.#states.set(partition, to);
    this.#count();
  }

  restoring({ partition, passed, total }: Restoring): void {
    this.#meters.restored.set({ partition }, total === 0 ? 1 : passed / total);
  }

  /** They count when they are committed. */
  changed(partition: number, changes: ReadonlyMap<string, number>): void {
    this.#changes.set(partition, changes);
  }

  restored({ partition, records, absorbed, tookMs }: Restored): void {
    this.#meters.restored.set({ partition }, 1);
    this.#meters.restores.observe(tookMs / 1000);
    this.journal.info(`partition ${partition}: restored ${records} records and ${absorbed} inputs in ${tookMs} ms`);
  }

  committed({ partition, inputs, records, swept, tookMs, foldMs }: Committed): void {
    for (const [reason, count] of this.#changes.get(partition) ?? []) this.#meters.changes.inc({ reason }, count);
    this.#changes.delete(partition);
    this.#meters.folds.observe(foldMs / 1000);
    this.#meters.inputs.inc(inputs);
    this.#meters.records.inc(records);
    this.#meters.swept.inc(swept);
    this.#meters.transactions.observe(tookMs / 1000);
  }

  rejected(topic: string, partition: number, offset: number, reason: string): void {
    this.#meters.rejected.inc({ topic, reason: rejectionKind(reason) });
    this.journal.debug(`${topic}-${partition} offset ${offset} is rejected: ${reason}`);
  }

  fired(_partition: number, timers: number, lateMs: number): void {
    this.#meters.timers.inc(timers);
    this.#meters.timersLate.observe(lateMs / 1000);
  }

  failed(partition: number, error: Error): void {
    this.#meters.failures.inc();
    this.journal.warn(`${partition < 0 ? 'the log' : `partition ${partition}`}: ${error.message}`, {
      kind: error.name,
    });
  }

  stopped(partition: number, error: Error): void {
    this.#states.set(partition, 'stopped');
    this.#count();
    this.journal.error(`partition ${partition} stopped: ${error.message}`, { error });
  }

  #count(): void {
    for (const state of [...STATES, 'stopped'] as const) {
      let tasks = 0;
      for (const its of this.#states.values()) if (its === state) tasks += 1;
      this.#meters.tasks.set({ state }, tasks);
    }
  }
}

/** How long a member without any partition may still be about to get some. */
const ASSIGNMENT_MS = 10_000;

/** Well when every partition owned here is live; a member that got none serves as well. */
export function watchHealth(health: HealthRegistry, host: TaskHost, clock: Clock): void {
  const startedMs = clock.nowMs();
  health.readiness('aggregator', () => {
    const partitions = host.health();
    const stopped = partitions.find(({ state }) => state === 'stopped');
    if (stopped !== undefined) return `partition ${stopped.partition} stopped: ${stopped.reason ?? ''}`;
    const behind = partitions.filter(({ state }) => state !== 'live');
    if (behind.length > 0)
      return `${behind.map(({ partition, state }) => `partition ${partition} is ${state}`).join(', ')}`;
    const isNew = clock.nowMs() - startedMs < ASSIGNMENT_MS;
    return partitions.length === 0 && isNew ? 'no partition is assigned yet' : undefined;
  });
}

const TIMERS = {
  timers: gauge('rollcall_aggregator_timers', 'Timers armed, and those of them that are due and not fired yet.', [
    'state',
  ]),
} as const;

/** Counted when somebody looks, no oftener than the pace: it walks over every user. */
const COUNT_EVERY_MS = 5_000;

export function watchTimers(metrics: Metrics, host: TaskHost, clock: Clock): void {
  let countedMs = -Infinity;
  const { timers } = metrics.meters(TIMERS);
  metrics.beforeExposition(() => {
    const nowMs = clock.nowMs();
    if (nowMs - countedMs < COUNT_EVERY_MS) return;
    countedMs = nowMs;
    const counts = host.tasks.map((task) => task.countTimers(nowMs));
    timers.set(
      { state: 'armed' },
      counts.reduce((sum, { armed }) => sum + armed, 0),
    );
    timers.set(
      { state: 'due' },
      counts.reduce((sum, { due }) => sum + due, 0),
    );
  });
}

/** Where each task stands in each input; one that restores stands nowhere yet. */
export function* positionsOf(host: TaskHost): Iterable<PartPosition> {
  for (const task of host.tasks) {
    if (task.state === 'restoring') continue;
    for (const [index, { nextOffset }] of task.positions.entries()) {
      const topic = host.topics[index];
      if (topic !== undefined) yield { topic, partition: task.partition, nextOffset };
    }
  }
}
