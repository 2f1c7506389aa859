// Laws of upkeep on random histories: whatever is appended, compacted, reopened and read meanwhile, the last record of
// every key is there with its offset and time, nothing else of its key before the compacted end, and readers that were
// under way miss nothing that still stands.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { LogRecord, TopicSpec } from '#libs/event-log';
import { EmbeddedEventLog } from './embedded-event-log.js';

const TOPIC: TopicSpec = { name: 't', partitions: 1, cleanup: 'compact', timestamps: 'append' };
const DAY_MS = 86_400_000;

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      keys: fc.array(fc.nat(8), { minLength: 1, maxLength: 12 }),
      drop: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('compact' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

const text = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString());

class History {
  private nowMs = 1_700_000_000_000;
  private log!: EmbeddedEventLog;
  private count = 0;
  /** By key: the last record, as it must be read. */
  readonly latest = new Map<string, { offset: number; timestampMs: number; value: string | null }>();

  constructor(private readonly directory: string) {}

  async open(): Promise<void> {
    this.log = await EmbeddedEventLog.open({
      directory: this.directory,
      durable: false,
      upkeepMs: 0,
      now: () => this.nowMs,
    });
    await this.log.createTopics([TOPIC]);
  }

  async take(one: Step): Promise<void> {
    this.nowMs += 1000;
    if (one.do === 'append') await this.append(one.keys, one.drop);
    else if (one.do === 'compact') await this.log.housekeep();
    else if (one.do === 'wait') this.nowMs += DAY_MS;
    else {
      await this.log.close();
      await this.open();
    }
  }

  private async append(keys: readonly number[], drop: boolean): Promise<void> {
    const records = keys.map((key) => ({ key: `k${key}`, value: drop && key % 2 === 0 ? null : `${this.count++}` }));
    const places = await this.log.append('t', records);
    records.forEach(({ key, value }, i) => {
      const { offset, timestampMs } = places[i] as (typeof places)[number];
      this.latest.set(key, { offset, timestampMs, value });
    });
  }

  async read(): Promise<LogRecord[]> {
    const records: LogRecord[] = [];
    for await (const batch of this.log.read('t', 0, 0, (await this.log.ends('t'))[0] ?? 0))
      records.push(...batch.records);
    return records;
  }

  /** What the log must not have lost: everything but tombstones that have had their day. */
  expectKept(records: readonly LogRecord[]): void {
    const read = new Map(records.map((record) => [text(record.key) as string, record]));
    for (const [key, { offset, timestampMs, value }] of this.latest) {
      const record = read.get(key);
      if (record === undefined && value === null && timestampMs <= this.nowMs - DAY_MS) continue;
      expect(record && { offset: record.offset, timestampMs: record.timestampMs, value: text(record.value) }).toEqual({
        offset,
        timestampMs,
        value,
      });
    }
  }

  /** After a compaction nothing is superseded, and old tombstones are gone. */
  async expectCompact(): Promise<void> {
    await this.log.housekeep();
    const records = await this.read();
    this.expectKept(records);
    expect(new Set(records.map((record) => text(record.key))).size).toBe(records.length);
    for (const record of records)
      if (record.value === null) expect(record.timestampMs).toBeGreaterThan(this.nowMs - DAY_MS);
  }

  async close(): Promise<void> {
    await this.log.close();
  }
}

describe('compaction', () => {
  it('keeps the last record of every key through any history', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
        const directory = mkdtempSync(join(tmpdir(), 'rollcall-compaction-'));
        const history = new History(directory);
        await history.open();
        for (const one of steps) {
          await history.take(one);
          history.expectKept(await history.read());
        }
        await history.expectCompact();
        await history.close();
        rmSync(directory, { recursive: true });
      }),
      { numRuns: 60 },
    );
  }, 60_000);

  it('starts by itself when it pays, and leaves readers under way what still stands', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rollcall-compaction-'));
    const log = await EmbeddedEventLog.open({ directory, durable: false, upkeepMs: 5 });
    await log.createTopics([TOPIC]);
    const value = 'x'.repeat(1000);
    for (let round = 0; round < 6; round++) {
      await log.append(
        't',
        Array.from({ length: 1000 }, (_, i) => ({ key: `k${i}`, value: `${round}${value}` })),
      );
    }
    const slow: string[] = [];
    for await (const batch of log.read('t', 0, 0, 6000)) {
      slow.push(...batch.records.map((record) => text(record.key) as string));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(new Set(slow).size).toBe(1000);
    let left = Infinity;
    while (left > 2000) {
      left = 0;
      for await (const batch of log.read('t', 0, 0, 6000)) left += batch.records.length;
    }
    await log.close();
    rmSync(directory, { recursive: true });
  }, 30_000);
});
