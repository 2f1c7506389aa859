// Taking changes in steps: in order, once, latest wins, and the position never runs ahead of what was told.
import { encodeChange } from '#libs/contracts';
import type { LogRecord, RecordBatch } from '#libs/event-log';
import { ChangeQueue, type ChangeTaker } from './change-queue.js';

const VIEW = { presence: 'online', currentlyActive: true } as const;

function change(offset: number, user: number, version: number): LogRecord {
  const userId = `@u${user}:hs`;
  const circumstances = { cause: { timer: 'idle' }, applied: {} } as const;
  const value = encodeChange({
    kind: 'changed',
    userId,
    life: 0,
    version,
    atMs: offset,
    view: VIEW,
    before: VIEW,
    ...circumstances,
  });
  return { offset, timestampMs: 0, key: Buffer.from(userId), value: Buffer.from(value) };
}

function batch(records: readonly LogRecord[], nextOffset = (records.at(-1)?.offset ?? 0) + 1): RecordBatch {
  return { topic: 'c', partition: 0, records, nextOffset };
}

function given(maxBatches = 8): {
  queue: ChangeQueue;
  told: number[];
  traced: (string | undefined)[];
  raised: string[];
  flow: string[];
  taker: ChangeTaker;
} {
  const [told, raised, flow]: [number[], string[], string[]] = [[], [], []];
  const traced: (string | undefined)[] = [];
  const member = { pause: () => void flow.push('pause'), resume: () => void flow.push('resume') };
  const queue = new ChangeQueue({ topic: 'c', partition: 0, member, maxBatches });
  let effort = 0;
  const taker: ChangeTaker = {
    raise: ({ userId, version }) => void raised.push(`${userId} ${version}`),
    tell: (sender, trace) => {
      told.push(sender);
      traced.push(trace && `${trace.life}.${trace.version} ${trace.traceparent}`);
      return (effort += 10);
    },
    numberOf: (userId) => Number(userId.slice(2, -3)),
  };
  return { queue, told, traced, raised, flow, taker };
}

it('tells each user of a batch once, after all of it was raised', () => {
  const { queue, told, raised, taker } = given();
  queue.push(batch([change(0, 1, 1), change(1, 2, 1), change(2, 1, 2)], 4));
  expect(queue.take(1, 1_000, taker)).toMatchObject({ next: 4, changes: 3, lastChangedAtMs: 2 });
  expect([raised, told, queue.isEmpty]).toEqual([['@u1:hs 1', '@u2:hs 1', '@u1:hs 2'], [1, 2], true]);
});

it('does not count as told what the next step tells', () => {
  const { queue, told, taker } = given();
  queue.begin(7);
  queue.push(batch([change(7, 1, 1), change(8, 2, 1), change(9, 3, 1)]));
  expect(queue.take(1, 15, taker).next).toBe(7);
  expect([told, queue.isEmpty]).toEqual([[1, 2], false]);
  expect(queue.take(0, 1_000, taker).next).toBe(10);
  expect([told, queue.isEmpty]).toEqual([[1, 2, 3], true]);
});

it('takes a batch that is delivered again for nothing, and never goes back', () => {
  const { queue, told, taker } = given();
  const twice = batch([change(0, 1, 1), change(1, 2, 1)]);
  queue.push(twice);
  queue.push(twice);
  queue.push(batch([change(0, 1, 1)]));
  expect(queue.take(3, 1_000, taker)).toMatchObject({ next: 2, changes: 2 });
  expect(told).toEqual([1, 2]);
});

it('takes only the batches that it is told to', () => {
  const { queue, told, taker } = given();
  queue.push(batch([change(0, 1, 1)]));
  queue.push(batch([change(1, 2, 1)]));
  expect([queue.take(1, 1_000, taker).next, told]).toEqual([1, [1]]);
});

it('pauses when it is full and resumes when it is half empty', () => {
  const { queue, flow, taker } = given(2);
  for (let offset = 0; offset < 3; offset++) queue.push(batch([change(offset, offset, 1)]));
  expect(flow).toEqual(['pause']);
  queue.take(1, 1_000, taker);
  expect(flow).toEqual(['pause']);
  queue.take(2, 1_000, taker);
  expect(flow).toEqual(['pause', 'resume']);
});

it('hands on what it cannot read, and goes on', () => {
  const { queue, told, taker } = given();
  queue.push(batch([{ ...change(0, 1, 1), value: Buffer.from('{') }, change(1, 2, 1)]));
  const taken = queue.take(1, 1_000, taker);
  expect([taken.broken.map(({ record }) => record.offset), told, taken.next]).toEqual([[0], [2], 2]);
});

it('tells with the trace of the change that is told, and with none of one that it leaves out', () => {
  const { queue, told, traced, taker } = given();
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const traceWith = (record: LogRecord, given: string): LogRecord => ({ ...record, headers: { traceparent: given } });
  queue.push(
    batch([
      traceWith(change(0, 1, 1), traceparent),
      traceWith(change(1, 2, 1), traceparent),
      change(2, 2, 2),
      traceWith(change(3, 3, 5), 'nonsense'),
      traceWith(change(4, 4, 7), traceparent),
    ]),
  );
  queue.take(1, 1_000, taker);
  expect(told).toEqual([1, 2, 3, 4]);
  expect(traced).toEqual([`0.1 ${traceparent}`, undefined, undefined, `0.7 ${traceparent}`]);
  queue.push(batch([change(5, 1, 2)]));
  queue.take(1, 1_000, taker);
  expect(traced.at(-1)).toBeUndefined();
});
