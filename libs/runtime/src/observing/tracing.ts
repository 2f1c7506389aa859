// Trace contexts on their way through the process, and its spans, where an OpenTelemetry collector wants them. Invariant: without
// a collector nothing is made up: what came is passed on as it came. Nobody ever waits for a span, and none holds a user.

import { randomBytes } from 'node:crypto';
import type { Clock } from '#libs/event-log';

export type SpanKind = 'server' | 'consumer';

/** One part of the way: finished, and never changed again. */
export interface FinishedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent: the trace begins here. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: SpanKind;
  readonly startMs: number;
  readonly endMs: number;
  readonly isFailed: boolean;
}

/** A request under way, from its arrival to its answer. */
export interface Entered {
  /** To be carried by everything that the request causes. */
  readonly traceparent: string;
  end(outcome: 'answered' | 'failed'): void;
}

/** As a traceparent has them, which its reader has checked. */
const TRACE = [3, 35] as const;
const SPAN = [36, 52] as const;
const FLAGS_AT = 53;
const SAMPLED = 1;

export interface TracingOptions {
  readonly clock: Clock;
  /** Absent: contexts are passed on, and none begins here. */
  readonly spans?: { add(span: FinishedSpan): void };
  /** The share of requests without a context for which a trace begins, from 0 to 1. */
  readonly ratio?: number;
}

export class Tracing {
  constructor(private readonly options: TracingOptions) {}

  /** For processes that export nothing, and tests. */
  static passing(clock: Clock): Tracing {
    return new Tracing({ clock });
  }

  /** A request that writes comes in. undefined: it carries no context, and none begins here. */
  enter(name: string, traceparent: string | undefined): Entered | undefined {
    const { spans, clock, ratio = 1 } = this.options;
    if (spans === undefined) return traceparent === undefined ? undefined : { traceparent, end: () => undefined };
    if (traceparent === undefined && Math.random() >= ratio) return undefined;
    const startMs = clock.nowMs();
    const traceId = traceparent?.slice(...TRACE) ?? randomBytes(16).toString('hex');
    const spanId = randomBytes(8).toString('hex');
    const parent = traceparent === undefined ? {} : { parentSpanId: traceparent.slice(...SPAN) };
    const isSampled = traceparent === undefined || sampled(traceparent);
    return {
      traceparent: `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`,
      end: (outcome) => {
        const span = { traceId, spanId, ...parent, name, startMs, endMs: clock.nowMs() };
        if (isSampled) spans.add({ ...span, kind: 'server', isFailed: outcome === 'failed' });
      },
    };
  }

  /** Something that a record with a context caused here, from when the record was made until now. Returns what goes on. */
  step(name: string, traceparent: string, startMs: number): string {
    const { spans, clock } = this.options;
    if (spans === undefined || !sampled(traceparent)) return traceparent;
    const traceId = traceparent.slice(...TRACE);
    const spanId = randomBytes(8).toString('hex');
    const endMs = Math.max(startMs, clock.nowMs());
    const parentSpanId = traceparent.slice(...SPAN);
    spans.add({ traceId, spanId, parentSpanId, name, kind: 'consumer', startMs, endMs, isFailed: false });
    return `00-${traceId}-${spanId}-01`;
  }
}

function sampled(traceparent: string): boolean {
  return (Number.parseInt(traceparent.slice(FLAGS_AT), 16) & SAMPLED) !== 0;
}
