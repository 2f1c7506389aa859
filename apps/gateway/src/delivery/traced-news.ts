// News that carry the trace context of what caused them, at the end of their way: written to the journal, at debug, for every
// recipient, and as one span for this gateway. Invariant: news without one cost a look at a field.
import type { Journal, Tracing } from '#libs/runtime';
import type { News } from './news.js';

/** Told of news that carry a trace context, when they are put into an answer. */
export type OnTold = (recipient: string, news: News, traceparent: string) => void;

export interface TracedNewsOptions {
  readonly tracing: Tracing;
  readonly journal: Journal;
}

const MOST_TOLD = 10_000;

export function tracedNews({ tracing, journal }: TracedNewsOptions): OnTold {
  const told = new Set<string>();
  return (recipient, { sender, life, version, toldAtMs }, traceparent) => {
    journal.debug('told', { traceparent, recipient, sender, life, version });
    const key = `${traceparent} ${sender} ${String(life)} ${String(version)}`;
    if (told.has(key)) return;
    if (told.size >= MOST_TOLD) told.clear();
    told.add(key);
    tracing.step('presence deliver', traceparent, toldAtMs);
  };
}
