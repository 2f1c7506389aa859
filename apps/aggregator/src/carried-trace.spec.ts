// The trace context of an input in what it causes: change and state; never in what a timer makes. On the in-memory log.
import { topicNames, topicSpecs } from '#libs/contracts';
import { MemoryEventLog, type LogRecord } from '#libs/event-log';
import { SimulatedClock, turns } from '#libs/testing';
import { Aggregator } from './aggregator.js';
import type { TraceStep } from './carried-trace.js';

const TOPICS = topicNames('presence.');
const ALICE = '@alice:hs';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceOf = (span: number): string => `00-${TRACE}-${span.toString(16).padStart(16, '0')}-01`;
const PUT = { type: 'presence.set', device_id: 'D', presence: 'online' };

async function scene(traceStep?: TraceStep) {
  const clock = new SimulatedClock(1_800_000_000_000);
  const log = new MemoryEventLog({ now: clock.now });
  await log.createTopics(topicSpecs({ prefix: 'presence.', partitions: 1, deliveryPartitions: 1 }));
  const stepped = traceStep === undefined ? {} : { traceStep };
  const aggregator = new Aggregator({ log, clock, topics: TOPICS, prefix: 'presence.', ...stepped });
  await aggregator.start();
  const append = (topic: 'activity' | 'commands', inputs: readonly (readonly [object, string?])[]): Promise<unknown> =>
    log.append(
      TOPICS[topic],
      inputs.map(([fields, traceparent]) => ({
        key: ALICE,
        value: JSON.stringify({ v: 1, user_id: ALICE, ...fields }),
        ...(traceparent === undefined ? {} : { headers: { traceparent } }),
      })),
    );
  const read = async (topic: 'states' | 'changes'): Promise<LogRecord[]> => {
    const records: LogRecord[] = [];
    const [end = 0] = await log.ends(TOPICS[topic]);
    for await (const batch of log.read(TOPICS[topic], 0, 0, end)) records.push(...batch.records);
    return records.filter(({ key }) => String(key) === ALICE);
  };
  const traces = async (topic: 'states' | 'changes'): Promise<(string | undefined)[]> =>
    (await read(topic)).map(({ headers }) => headers?.['traceparent']);
  const pass = (ms: number): Promise<void> => clock.runTo(clock.nowMs() + ms, turns);
  return { append, traces, read, pass, aggregator };
}

it('a change and a state carry the context of the input that made them, and none when it had none', async () => {
  const { append, traces, pass, aggregator } = await scene();
  await append('commands', [[{ ...PUT, status_msg: 'one' }, traceOf(1)]]);
  await pass(10);
  expect([await traces('changes'), await traces('states')]).toEqual([[traceOf(1)], [traceOf(1)]]);
  await append('commands', [[{ ...PUT, status_msg: 'two' }]]);
  await pass(10);
  expect([await traces('changes'), (await traces('states')).at(-1)]).toEqual([[traceOf(1), undefined], undefined]);
  await aggregator.stop();
});

it('a timer carries none, even one that comes due before an input that has one', async () => {
  const { append, traces, read, pass, aggregator } = await scene();
  await append('commands', [[PUT, traceOf(1)]]);
  await pass(31_000);
  await append('commands', [[PUT, traceOf(2)]]);
  await pass(10);
  const causes = (await read('changes')).map(({ value }) => (JSON.parse(String(value)) as { cause: object }).cause);
  expect(causes).toEqual([{ topic: 'commands', offset: 0 }, { timer: 'put' }, { topic: 'commands', offset: 1 }]);
  expect(await traces('changes')).toEqual([traceOf(1), undefined, traceOf(2)]);
  await aggregator.stop();
});

it('of several inputs in one batch each change carries its own, and the state that of the last change', async () => {
  const { append, traces, pass, aggregator } = await scene();
  await append('commands', [
    [{ ...PUT, status_msg: 'one' }, traceOf(1)],
    [{ ...PUT, status_msg: 'two' }, traceOf(2)],
    [{ ...PUT, status_msg: 'two' }, traceOf(3)],
  ]);
  await pass(10);
  expect(await traces('changes')).toEqual([traceOf(1), traceOf(2)]);
  expect((await traces('states')).at(-1)).toBe(traceOf(2));
  await append('commands', [[{ ...PUT, status_msg: 'three' }, traceOf(4)], [{ ...PUT, status_msg: 'four' }]]);
  await pass(10);
  expect((await traces('changes')).slice(2)).toEqual([traceOf(4), undefined]);
  expect((await traces('states')).at(-1)).toBeUndefined();
  await aggregator.stop();
});

it('a state that is written only for its time of activity carries the context of that activity', async () => {
  const { append, traces, pass, aggregator } = await scene();
  const connected = { type: 'device.connected', device_id: 'D', session_id: 's', claim: 'auto', lease_ms: 600_000 };
  await append('activity', [[connected]]);
  await pass(50_000);
  await append('activity', [[{ type: 'device.active', device_id: 'D' }]]);
  await pass(30_000);
  await append('activity', [[{ type: 'device.active', device_id: 'D' }, traceOf(5)]]);
  await pass(10);
  expect((await traces('states')).at(-1)).toBe(traceOf(5));
  expect(await traces('changes')).toEqual([undefined]);
  await aggregator.stop();
});

it('an erasure carries it in its tombstone, beside the life that ended', async () => {
  const { append, read, pass, aggregator } = await scene();
  await append('commands', [[PUT]]);
  await append('commands', [[{ type: 'user.forget' }, traceOf(6)]]);
  await pass(10);
  expect((await read('states')).at(-1)).toMatchObject({ value: null, headers: { life: '0', traceparent: traceOf(6) } });
  await aggregator.stop();
});

it('what is no context is passed over, and a step further is asked for once an input', async () => {
  const steps: string[] = [];
  const { append, traces, pass, aggregator } = await scene((traceparent) => {
    steps.push(traceparent);
    return traceOf(9);
  });
  await append('commands', [[PUT, 'nonsense']]);
  await append('commands', [[{ ...PUT, status_msg: 'hi' }, traceOf(8)]]);
  await pass(10);
  expect([steps, await traces('changes')]).toEqual([[traceOf(8)], [undefined, traceOf(9)]]);
  await aggregator.stop();
});
