// What the aggregator tells of itself: meters, lines in the journal, and whether it serves. Invariant: a stopped
// partition is never quiet: it makes the process unready, naming the reason, and is counted.
import type { Clock } from '#libs/event-log';
import type { Committed, Observer, Restored, TaskHost, TaskState } from '#libs/processing';
import { counter, gauge, histogram, type HealthRegistry, type Journal, type Meters, type Metrics } from '#libs/runtime';

const CATALOGUE = {
  inputs: counter('rollcall_aggregator_inputs_total', 'Inputs taken and committed.'),
  records: counter(
    'rollcall_aggregator_records_total',
    'Records written in transactions, progress and checkpoint included.',
  ),
  swept: counter('rollcall_aggregator_swept_total', 'Of the records, registers written by the rolling checkpoint.'),
  timers: counter('rollcall_aggregator_timers_total', 'Timers fired.'),
  rejected: counter('rollcall_aggregator_rejected_total', 'Records that could not be decoded, by input topic.', [
    'topic',
  ]),
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
  tasks: gauge('rollcall_aggregator_tasks', 'Partitions owned here, by state.', ['state']),
} as const;

const STATES: readonly TaskState[] = ['restoring', 'catching-up', 'live', 'closing', 'closed'];

export class AggregatorWatch implements Observer {
  readonly #meters: Meters<typeof CATALOGUE>;
  readonly #states = new Map<number, TaskState | 'stopped'>();

  constructor(
    metrics: Metrics,
    private readonly journal: Journal,
  ) {
    this.#meters = metrics.meters(CATALOGUE);
  }

  moved(partition: number, to: TaskState): void {
    if (to === 'closed') this.#states.delete(partition);
    else if (this.#states.get(partition) !== 'stopped' || to === 'restoring') this.#states.set(partition, to);
    this.#count();
  }

  restored({ partition, records, absorbed, tookMs }: Restored): void {
    this.#meters.restores.observe(tookMs / 1000);
    this.journal.info(`partition ${partition}: restored ${records} records and ${absorbed} inputs in ${tookMs} ms`);
  }

  committed({ inputs, records, swept, tookMs }: Committed): void {
    this.#meters.inputs.inc(inputs);
    this.#meters.records.inc(records);
    this.#meters.swept.inc(swept);
    this.#meters.transactions.observe(tookMs / 1000);
  }

  rejected(topic: string, partition: number, offset: number, reason: string): void {
    this.#meters.rejected.inc({ topic });
    this.journal.debug(`${topic}-${partition} offset ${offset} is rejected: ${reason}`);
  }

  fired(_partition: number, timers: number): void {
    this.#meters.timers.inc(timers);
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
