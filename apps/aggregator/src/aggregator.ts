// The aggregator without Nest: activity and commands into states, changes and registers, on whatever log it is given.
// Invariant: it is the only writer of those topics. It stands apart so that tests, the simulator and the scenario runner
// drive exactly what the service runs.
import { INPUTS, PROGRESS_KEY, decodeProgress, encodeProgress, type TopicNames } from '#libs/contracts';
import type { Clock, EventLog } from '#libs/event-log';
import { DEFAULT_POLICY, type Policy, type View } from '#libs/presence';
import {
  DEFAULT_LIMITS,
  DEFAULT_POLICIES,
  TaskHost,
  type Limits,
  type Observer,
  type PartitionHealth,
  type Policies,
  type ProgressCodec,
  type Task,
  type Topology,
} from '#libs/processing';
import type { SnapshotPace } from './partition-snapshots.js';
import { PresenceFold, type PresenceFoldOptions } from './presence-fold.js';

export interface AggregatorOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly topics: TopicNames;
  /** Begins the group and the transactional ids, as it begins the topics. */
  readonly prefix: string;
  /** Absent: the defaults of semantics.md section 7. */
  readonly policy?: Policy;
  /** Goes on where retention has passed what was not folded yet, and records the loss. */
  readonly acceptLoss?: boolean;
  /** Absent: a snapshot of all registers a day. */
  readonly snapshots?: Partial<SnapshotPace>;
  readonly limits?: Partial<Limits>;
  readonly policies?: Partial<Policies>;
  readonly observer?: Observer;
  /** Told of the changes in every batch, by what made them. */
  readonly onChanges?: NonNullable<PresenceFoldOptions['onChanges']>;
  readonly traceStep?: NonNullable<PresenceFoldOptions['traceStep']>;
}

const PROGRESS_CODEC: ProgressCodec = {
  key: PROGRESS_KEY,
  encode: encodeProgress,
  decode: (text) => {
    const decoded = decodeProgress(text);
    if (!decoded.ok) throw new Error(`the stored progress cannot be read: ${decoded.reason}`);
    return decoded.record;
  },
};

export function aggregatorTopology(topics: TopicNames): Topology {
  return {
    inputs: INPUTS.map((input) => topics[input]),
    restored: [topics.registers],
    progress: topics.states,
    written: [topics.changes, topics.snapshots],
    rejected: topics.rejected,
    codec: PROGRESS_CODEC,
  };
}

export class Aggregator {
  /** For whoever has a group member from elsewhere: joined, assigned, revoked, accept, memberFailed. */
  readonly host: TaskHost;

  constructor(readonly options: AggregatorOptions) {
    const { log, clock, topics, prefix, policy = DEFAULT_POLICY, acceptLoss = false, snapshots = {} } = options;
    const watched = {
      ...(options.onChanges === undefined ? {} : { onChanges: options.onChanges }),
      ...(options.traceStep === undefined ? {} : { traceStep: options.traceStep }),
    };
    this.host = new TaskHost({
      log,
      clock,
      topology: aggregatorTopology(topics),
      createFold: (handle) => new PresenceFold(handle, { topics, policy, snapshots, ...watched }),
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      policies: { ...DEFAULT_POLICIES, ...options.policies },
      acceptLoss,
      observer: options.observer ?? {},
      stopwatchMs: () => performance.now(),
      group: `${prefix}aggregator`,
      transactionalIdOf: (partition) => `${prefix}aggregator-${partition}`,
    });
  }

  /** Joins the group by itself. */
  async start(): Promise<void> {
    await this.host.start();
  }

  /** Finishes what is folded, commits, leaves the group. */
  stop(): Promise<void> {
    return this.host.stop();
  }

  health(): readonly PartitionHealth[] {
    return this.host.health();
  }

  /** What the task of a user's partition holds of it at a time; undefined = absent, or no task here. May run ahead of what is committed. */
  viewOf(userId: string, partitions: number, nowMs: number): View | undefined {
    const task = this.host.task(this.options.log.partitionOf(userId, partitions));
    return task === undefined ? undefined : foldOf(task).viewOf(userId, nowMs);
  }
}

/** The fold of one of an aggregator's tasks. */
export function foldOf(task: Task): PresenceFold {
  return task.fold as PresenceFold;
}
