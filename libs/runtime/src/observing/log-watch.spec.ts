// A partition that somebody's open transaction hides is counted while it stands still, and named once.
import { type HiddenPartition, MemoryEventLog } from '#libs/event-log';
import type { Journal } from './journal.js';
import { logComplaint, watchLog } from './log-watch.js';
import { Metrics } from './metrics.js';

class HidingLog extends MemoryEventLog {
  hidden: readonly HiddenPartition[] = [];
  hiddenPartitions(): readonly HiddenPartition[] {
    return this.hidden;
  }
}

const at = (hiddenForMs: number): HiddenPartition => ({
  topic: 'presence.activity',
  partition: 3,
  stableEnd: 17,
  hiddenForMs,
});

describe('the watch on a log', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('counts what stands still, names it once, and forgets it when it moves', async () => {
    const log = new HidingLog();
    const metrics = new Metrics();
    const warned: string[] = [];
    const journal = { warn: (message: string) => void warned.push(message) } as unknown as Journal;
    const unwatch = watchLog(log, metrics, journal);
    const seen = async (hidden: readonly HiddenPartition[]): Promise<string | undefined> => {
      log.hidden = hidden;
      jest.advanceTimersByTime(2_000);
      return /^rollcall_log_hidden_partitions (\d+)/m.exec(await metrics.exposition())?.[1];
    };
    expect(await seen([at(3_000)])).toBe('0');
    expect(await seen([at(6_000)])).toBe('1');
    expect(await seen([at(8_000)])).toBe('1');
    expect(warned).toHaveLength(1);
    expect(warned[0]).toContain('presence.activity-3: nothing behind offset 17');
    expect(await seen([])).toBe('0');
    expect(await seen([at(6_000)])).toBe('1');
    expect(warned).toHaveLength(2);
    unwatch();
    expect(await seen([])).toBe('1');
  });
});

describe('readiness', () => {
  it('complains while a log that is read does not answer, and not of moments or of a log that always does', () => {
    const silent = (ms: number): MemoryEventLog => Object.assign(new MemoryEventLog(), { silentForMs: () => ms });
    expect([new MemoryEventLog(), silent(0), silent(2_900)].map(logComplaint)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(logComplaint(silent(12_000))).toContain('the log has not answered for 12 s');
  });
});
