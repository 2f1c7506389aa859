// What one input knows of itself, and which of two comes next: the time rule of design.md section 5, case by case.
import { PackedRecord, type LogRecord, type RecordBatch, type RecordCursor } from '#libs/event-log';
import { InputSource } from './input-source.js';
import { AWAITED, choose, horizonOf, NOTHING, UNPROVEN } from './merge.js';

const batch = (
  topic: string,
  nextOffset: number,
  ...records: readonly [offset: number, timestampMs: number][]
): RecordBatch => ({
  topic,
  partition: 0,
  nextOffset,
  records: records.map(([offset, timestampMs]) => ({ offset, timestampMs, key: null, value: null })),
});

/** What a log that reads bytes does: every record is read into the object that it is given. */
class Repacked implements RecordCursor {
  #at = 0;

  constructor(private readonly records: readonly LogRecord[]) {}

  get left(): number {
    return this.records.length - this.#at;
  }

  next(into: PackedRecord): LogRecord | undefined {
    const record = this.records[this.#at];
    if (record === undefined) return undefined;
    this.#at += 1;
    into.bytes = record.value ?? into.bytes;
    into.offset = record.offset;
    into.timestampMs = record.timestampMs;
    into.valueStart = 0;
    into.valueEnd = into.bytes.length;
    return into;
  }
}

function source(topic = 'first'): InputSource {
  const made = new InputSource(topic);
  made.start({ nextOffset: 0, reachedMs: -Infinity }, -1);
  return made;
}

describe('an input', () => {
  it('never lets its time go back', () => {
    const input = source();
    input.push(batch('first', 3, [0, 100], [1, 90], [2, 110]));
    const times = [0, 1, 2].map(() => (input.take(), input.reachedMs));
    expect(times).toEqual([100, 100, 110]);
  });

  it('takes what is delivered twice once, and counts gaps at the end of a batch as taken', () => {
    const input = source();
    input.push(batch('first', 2, [0, 1], [1, 2]));
    input.push(batch('first', 2, [0, 1], [1, 2]));
    input.push(batch('first', 5, [1, 2], [2, 3]));
    const offsets: number[] = [];
    while (input.headMs !== Infinity) offsets.push(input.take().offset);
    expect(offsets).toEqual([0, 1, 2]);
    expect(input.position).toEqual({ nextOffset: 5, reachedMs: 3 });
    expect(input.queuedBytes).toBe(0);
    input.push(batch('first', 9));
    expect(input.position.nextOffset).toBe(9);
  });

  it('reads packed records into the same few objects, each of which holds until the next is taken', () => {
    const records = [0, 1, 2, 3].map((offset) => ({
      offset,
      timestampMs: 10 + offset,
      key: null,
      value: Buffer.from([offset]),
    }));
    const packed = { bytes: 40, cursor: () => new Repacked(records) };
    const input = source();
    input.push({ topic: 'first', partition: 0, nextOffset: 2, records: records.slice(0, 2) });
    input.push({ topic: 'first', partition: 0, nextOffset: 5, packed, records });
    expect([input.queuedRecords, input.queuedBytes > 40]).toEqual([6, true]);
    const objects = new Set<LogRecord>();
    const seen: unknown[] = [];
    while (input.headMs !== Infinity) {
      const record = input.take();
      if (record instanceof PackedRecord) objects.add(record);
      seen.push([record.offset, record.value?.[0], input.reachedMs]);
    }
    expect(seen).toEqual([0, 1, 2, 3].map((offset) => [offset, offset, 10 + offset]));
    expect(objects.size).toBe(2);
    expect([input.queuedRecords, input.queuedBytes, input.position.nextOffset]).toEqual([0, 0, 5]);
  });

  it('has the horizon of its head; empty, of what it reached or of what its end proved, less the slack', () => {
    const input = source();
    expect(input.horizonMs(250)).toBe(-Infinity);
    input.push(batch('first', 1, [0, 1_000]));
    expect(input.horizonMs(250)).toBe(1_000);
    input.learnEnd(1, 2_000);
    expect(input.horizonMs(250)).toBe(1_000);
    input.take();
    expect(input.horizonMs(250)).toBe(1_750);
    input.learnEnd(4, 9_000);
    expect(input.isAwaited).toBe(true);
    expect(input.horizonMs(250)).toBe(1_750);
    // Under load ends are asked for again before the last ones are reached: those stay the ones to reach.
    input.learnEnd(8, 12_000);
    input.push(batch('first', 4));
    expect(input.isAwaited).toBe(false);
    expect(input.horizonMs(250)).toBe(8_750);
  });
});

describe('the choice between two inputs', () => {
  const moment = { nowMs: 5_000, clockDifferenceMs: 0, lagMs: 1_000 };

  it('waits for one that is behind its known end with an empty queue, and for one whose end is not known', () => {
    const [one, other] = [source(), source('second')];
    one.push(batch('first', 1, [0, 4_900]));
    expect(choose([one, other], moment)).toBe(AWAITED);
    other.learnEnd(2, 4_950);
    expect(choose([one, other], moment)).toBe(AWAITED);
    other.push(batch('second', 2, [0, 4_800], [1, 4_900]));
    expect(choose([one, other], moment)).toBe(1);
    other.take();
    expect(choose([one, other], moment)).toBe(0);
    expect(horizonOf([one, other], 250)).toBe(4_900);
  });

  it('is not held up by one that is read to its end, unless the head is late and nothing proves the other empty then', () => {
    const [one, other] = [source(), source('second')];
    other.learnEnd(0, 1_000);
    one.push(batch('first', 1, [0, 4_900]));
    expect(choose([one, other], moment)).toBe(0);
    expect(choose([one, other], { ...moment, nowMs: 6_000 })).toBe(UNPROVEN);
    other.learnEnd(0, 6_000);
    expect(choose([one, other], { ...moment, nowMs: 6_000 })).toBe(0);
    one.take();
    expect(choose([one, other], moment)).toBe(NOTHING);
  });
});
