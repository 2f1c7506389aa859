// Spans to a collector: what it is sent, and that nobody waits for one that is slow, refuses, or is not there.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WallClock } from '../clock.js';
import { Journal } from './journal.js';
import { Metrics } from './metrics.js';
import { SpanExport } from './span-export.js';
import type { FinishedSpan } from './tracing.js';

const SPAN: FinishedSpan = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: '53995c3f42cd8ad8',
  name: 'PUT presence status',
  kind: 'server',
  startMs: 1_700_000_000_000,
  endMs: 1_700_000_000_012,
  isFailed: true,
};

interface Collector {
  readonly server: Server;
  readonly endpoint: string;
  readonly taken: { readonly path: string | undefined; readonly body: unknown }[];
}

async function collector(answer: number | 'nothing'): Promise<Collector> {
  const taken: Collector['taken'] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      taken.push({ path: request.url, body: JSON.parse(text) });
      if (answer !== 'nothing') response.writeHead(answer).end('{}');
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return { server, endpoint: `http://127.0.0.1:${String(port)}`, taken };
}

describe('the export of spans', () => {
  const open: Server[] = [];
  afterEach(() => {
    for (const server of open.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function given(answer: number | 'nothing', path = '') {
    const at = await collector(answer);
    open.push(at.server);
    const metrics = new Metrics();
    const lines: string[] = [];
    const journal = Journal.open({ level: 'info', destination: { write: (line: string) => lines.push(line) } });
    const endpoint = at.endpoint + path;
    const spans = new SpanExport({ endpoint, serviceName: 'rollcall-test', clock: new WallClock(), metrics, journal });
    const counted = async (outcome: string): Promise<number> => {
      const line = (await metrics.exposition())
        .split('\n')
        .find((one) => one.startsWith(`rollcall_spans_total{outcome="${outcome}"}`));
      return Number(line?.split(' ')[1] ?? 0);
    };
    return { ...at, spans, lines, counted };
  }

  it('is what OTLP over HTTP says, at the path below the endpoint', async () => {
    const { spans, taken, counted } = await given(200, '/otlp/');
    spans.add(SPAN);
    await spans.close();
    const attributes = [{ key: 'service.name', value: { stringValue: 'rollcall-test' } }];
    const written = {
      traceId: SPAN.traceId,
      spanId: SPAN.spanId,
      parentSpanId: SPAN.parentSpanId,
      name: SPAN.name,
      kind: 2,
      startTimeUnixNano: '1700000000000000000',
      endTimeUnixNano: '1700000000012000000',
      status: { code: 2 },
    };
    expect(taken).toEqual([
      {
        path: '/otlp/v1/traces',
        body: {
          resourceSpans: [
            { resource: { attributes }, scopeSpans: [{ scope: { name: 'rollcall' }, spans: [written] }] },
          ],
        },
      },
    ]);
    expect(await counted('exported')).toBe(1);
  });

  it('takes a bounded number, and counts what it drops', async () => {
    const { spans, taken, counted } = await given(200);
    for (let count = 0; count < 5_000; count += 1) spans.add(SPAN);
    expect(await counted('dropped')).toBe(904);
    await spans.close();
    expect([taken.length, await counted('exported')]).toEqual([8, 4_096]);
  });

  it('complains once of a collector that refuses, and goes on', async () => {
    const { spans, lines, counted } = await given(503);
    spans.add(SPAN);
    await spans.close();
    spans.add(SPAN);
    await spans.close();
    expect([lines.length, await counted('dropped')]).toEqual([1, 2]);
    expect(lines[0]).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
  });

  it('does not wait for ever for one that says nothing, not even at the end', async () => {
    const { spans, counted } = await given('nothing');
    spans.add(SPAN);
    await spans.close();
    expect(await counted('dropped')).toBe(1);
  });
});
