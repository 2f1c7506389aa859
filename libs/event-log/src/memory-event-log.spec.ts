// The in-memory twin keeps the contract: plainly, and with Kafka's control-record gaps and tiny batches.
import { describeEventLog, type LogUnderTest } from './event-log.contract.js';
import { MemoryEventLog, type MemoryEventLogOptions } from './memory-event-log.js';

const open = (options: MemoryEventLogOptions) => async (): Promise<LogUnderTest> => {
  let shiftMs = 0;
  const log = new MemoryEventLog({ ...options, now: () => Date.now() + shiftMs });
  return {
    log,
    advanceMs: (ms) => void (shiftMs += ms),
    housekeep: async () => undefined,
    leaveAborted: async (topic, partition) => log.leaveAborted(topic, partition, 3),
    close: () => log.close(),
  };
};

const capabilities = { housekeeping: true, steppedTime: true, abortedTransactions: true };
describeEventLog('memory', open({ batchRecords: 100 }), capabilities);
describeEventLog(
  'memory with control records and small batches',
  open({ controlRecords: true, batchRecords: 3 }),
  capabilities,
);
