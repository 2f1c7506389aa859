// The embedded log keeps the contract, synced and unsynced.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeEventLog, type LogUnderTest } from '#libs/event-log';
import { EmbeddedEventLog } from './embedded-event-log.js';

const open = (durable: boolean) => async (): Promise<LogUnderTest> => {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-embedded-'));
  let shiftMs = 0;
  const log = await EmbeddedEventLog.open({ directory, durable, upkeepMs: 0, now: () => Date.now() + shiftMs });
  return {
    log,
    advanceMs: (ms) => void (shiftMs += ms),
    housekeep: () => log.housekeep(),
    close: async () => {
      await log.close();
      rmSync(directory, { recursive: true });
    },
  };
};

const capabilities = { housekeeping: true, steppedTime: true, abortedTransactions: false };
describeEventLog('embedded, synced', open(true), capabilities);
describeEventLog('embedded, unsynced', open(false), capabilities);
