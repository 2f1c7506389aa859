// Trace contexts on their way: passed on as they came without a collector; continued, begun and left alone with one.
import { SimulatedClock } from '#libs/testing';
import { Tracing, type FinishedSpan } from './tracing.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const SAMPLED = `00-${TRACE}-${SPAN}-01`;
const NOT_SAMPLED = `00-${TRACE}-${SPAN}-00`;

function exporting(ratio = 1) {
  const clock = new SimulatedClock(1_000);
  const spans: FinishedSpan[] = [];
  return { clock, spans, tracing: new Tracing({ clock, spans: { add: (span) => spans.push(span) }, ratio }) };
}

describe('without a collector', () => {
  const tracing = Tracing.passing(new SimulatedClock());

  it('a context is passed on as it came, and none is made up', () => {
    expect(tracing.enter('PUT', SAMPLED)?.traceparent).toBe(SAMPLED);
    expect(tracing.enter('PUT', undefined)).toBeUndefined();
    expect(tracing.step('fold', NOT_SAMPLED, 0)).toBe(NOT_SAMPLED);
  });
});

describe('with a collector', () => {
  it('a request and what it causes are spans, each the child of the one before', () => {
    const { tracing, spans, clock } = exporting();
    const entered = tracing.enter('PUT', SAMPLED);
    const onward = tracing.step('fold', String(entered?.traceparent), 1_000);
    clock.setTo(1_250);
    entered?.end('answered');
    const [fold, put] = spans;
    expect(put).toEqual({
      traceId: TRACE,
      spanId: entered?.traceparent.slice(36, 52),
      parentSpanId: SPAN,
      name: 'PUT',
      kind: 'server',
      startMs: 1_000,
      endMs: 1_250,
      isFailed: false,
    });
    expect(fold).toMatchObject({ traceId: TRACE, parentSpanId: put?.spanId, name: 'fold', kind: 'consumer' });
    expect(onward).toBe(`00-${TRACE}-${String(fold?.spanId)}-01`);
  });

  it('a trace begins where a request has none, in the share that is asked for', () => {
    const { tracing, spans } = exporting();
    const [one, other] = [tracing.enter('PUT', undefined), tracing.enter('PUT', undefined)];
    expect(one?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(one?.traceparent.slice(3, 35)).not.toBe(other?.traceparent.slice(3, 35));
    one?.end('failed');
    expect(spans).toMatchObject([{ name: 'PUT', isFailed: true }]);
    expect(spans[0]).not.toHaveProperty('parentSpanId');
    expect(exporting(0).tracing.enter('PUT', undefined)).toBeUndefined();
  });

  it('what its caller does not sample is carried, and is no span', () => {
    const { tracing, spans } = exporting();
    const entered = tracing.enter('PUT', NOT_SAMPLED);
    expect(entered?.traceparent).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
    entered?.end('answered');
    expect(tracing.step('fold', NOT_SAMPLED, 0)).toBe(NOT_SAMPLED);
    expect(spans).toEqual([]);
  });

  it('no span ends before it began, whatever two clocks say', () => {
    const { tracing, spans } = exporting();
    tracing.step('fold', SAMPLED, 1_400);
    expect(spans).toMatchObject([{ startMs: 1_400, endMs: 1_400 }]);
  });
});
