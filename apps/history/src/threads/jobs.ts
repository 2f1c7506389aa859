// What a thread can be asked for, by name. Invariant: a job does there exactly what the command does when it has one thread.
import type { TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import type { PartitionAsOf } from '../looking/partition-as-of.js';
import type { WhatIfParts } from '../replay/what-if-partition.js';
import type { Job } from './job-thread.js';

export interface ThreadSetting {
  readonly log: EventLog;
  readonly topics: TopicNames;
  readonly onProgress: (...progress: readonly number[]) => void;
}

interface WhatIfJob {
  readonly partition: number;
  readonly parts: WhatIfParts;
}

type PartitionJob = Omit<PartitionAsOf, 'log' | 'topics'>;

type Doing = (setting: ThreadSetting, options: object) => Promise<unknown>;

/** Each with its modules, which are loaded when somebody asks. */
export async function jobOf(kind: Job['kind']): Promise<Doing> {
  switch (kind) {
    case 'verify': {
      const { verifyPartition } = await import('../replay/verify-partition.js');
      return (setting, options) => verifyPartition({ ...setting, ...(options as { readonly partition: number }) });
    }
    case 'what-if': {
      const { whatIf } = await import('../replay/what-if-partition.js');
      return (setting, options) => {
        const { partition, parts } = options as WhatIfJob;
        return whatIf({ ...setting, partition }, parts);
      };
    }
    case 'as-of': {
      const { partitionAsOf } = await import('../looking/partition-as-of.js');
      return (setting, options) => partitionAsOf({ ...setting, ...(options as PartitionJob) });
    }
  }
}
