// Spans to an OpenTelemetry collector: OTLP over HTTP as JSON (opentelemetry.io/docs/specs/otlp), in batches. Invariant: adding one
// never waits and never throws; what the collector does not take in time is dropped and counted, so that memory stays flat.

import type { Clock } from '#libs/event-log';
import type { Journal } from './journal.js';
import { counter, type Meters, type Metrics } from './metrics.js';
import type { FinishedSpan, SpanKind } from './tracing.js';

const CATALOGUE = {
  spans: counter('rollcall_spans_total', 'Spans of traces, by what became of them: exported, or dropped.', ['outcome']),
} as const;

export interface SpanExportOptions {
  /** Base URL of the collector. */
  readonly endpoint: string;
  readonly serviceName: string;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly journal: Journal;
}

const MOST_WAITING = 4_096;
const MOST_IN_BATCH = 512;
const EVERY_MS = 1_000;
const TIMEOUT_MS = 5_000;
const LAST_TIMEOUT_MS = 1_000;
/** Between two complaints about a collector that does not take them. */
const COMPLAIN_EVERY_MS = 60_000;

const KINDS: Readonly<Record<SpanKind, number>> = { server: 2, consumer: 5 };
const FAILED = { code: 2 };

export class SpanExport {
  readonly #url: string;
  readonly #meters: Meters<typeof CATALOGUE>;
  #waiting: FinishedSpan[] = [];
  #sending: Promise<void> | undefined;
  #cancel: (() => void) | undefined;
  #complainedMs = -Infinity;

  constructor(private readonly options: SpanExportOptions) {
    this.#url = new URL('v1/traces', options.endpoint.replace(/\/?$/, '/')).href;
    this.#meters = options.metrics.meters(CATALOGUE);
  }

  add(span: FinishedSpan): void {
    if (this.#waiting.length >= MOST_WAITING) {
      this.#meters.spans.inc({ outcome: 'dropped' });
      return;
    }
    this.#waiting.push(span);
    this.#later();
  }

  /** Sends what waits, within a second: afterwards nothing is sent any more. */
  async close(): Promise<void> {
    this.#cancel?.();
    await this.#sending;
    while (this.#waiting.length > 0) await this.#send(LAST_TIMEOUT_MS);
  }

  #later(): void {
    if (this.#cancel !== undefined || this.#sending !== undefined) return;
    const { clock } = this.options;
    this.#cancel = clock.wakeAt(clock.nowMs() + EVERY_MS, () => {
      this.#cancel = undefined;
      this.#sending = this.#send(TIMEOUT_MS).finally(() => {
        this.#sending = undefined;
        if (this.#waiting.length > 0) this.#later();
      });
    });
  }

  async #send(timeoutMs: number): Promise<void> {
    const spans = this.#waiting.splice(0, MOST_IN_BATCH);
    const body = JSON.stringify(requestOf(this.options.serviceName, spans));
    let outcome = 'exported';
    try {
      const headers = { 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(this.#url, { method: 'POST', headers, body, signal });
      await response.arrayBuffer();
      if (!response.ok) throw new Error(`it answered ${response.status}`);
    } catch (error) {
      outcome = 'dropped';
      this.#complain(error);
    }
    this.#meters.spans.inc({ outcome }, spans.length);
  }

  #complain(error: unknown): void {
    const { clock, journal } = this.options;
    if (clock.nowMs() < this.#complainedMs + COMPLAIN_EVERY_MS) return;
    this.#complainedMs = clock.nowMs();
    journal.warn('spans are dropped: the collector at OTEL_EXPORTER_OTLP_ENDPOINT does not take them', { error });
  }
}

/** `ExportTraceServiceRequest` in the JSON mapping of OTLP. */
function requestOf(serviceName: string, spans: readonly FinishedSpan[]): object {
  const attributes = [{ key: 'service.name', value: { stringValue: serviceName } }];
  const scopeSpans = [{ scope: { name: 'rollcall' }, spans: spans.map(writtenSpan) }];
  return { resourceSpans: [{ resource: { attributes }, scopeSpans }] };
}

function writtenSpan({ traceId, spanId, parentSpanId, name, kind, startMs, endMs, isFailed }: FinishedSpan): object {
  return {
    traceId,
    spanId,
    ...(parentSpanId === undefined ? {} : { parentSpanId }),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(endMs),
    ...(isFailed ? { status: FAILED } : {}),
  };
}

function nanoseconds(ms: number): string {
  return `${Math.round(ms)}000000`;
}
