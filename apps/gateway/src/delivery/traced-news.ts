// News that carry the trace context of what caused them, at the end of their way: written to the journal, at debug, for every
// recipient, and as one span for this gateway. Invariant: news without one cost a look at a field.
import type { Journal, Tracing } from '#libs/runtime';
import type { Announcement } from './announcements.js';
import type { News } from './news.js';

/** Told of news that carry a trace context, when they are put into an answer. */
export type OnTold = (recipient: string, news: News, traceparent: string) => void;

export interface TracedNewsOptions {
  readonly tracing: Tracing;
  readonly journal: Journal;
}

export function tracedNews({ tracing, journal }: TracedNewsOptions): OnTold {
  const told = new WeakSet<Announcement>();
  return (recipient, news, traceparent) => {
    const { sender, life, version } = news;
    journal.debug('told', { traceparent, recipient, sender, life, version });
    if (told.has(news.announcement)) return;
    told.add(news.announcement);
    tracing.step('presence deliver', traceparent, news.origin.timestampMs);
  };
}
