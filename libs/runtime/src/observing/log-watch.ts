// What a process tells of its log: how far the log's clock is from ours, and partitions in which somebody's open
// transaction hides what is behind it. Invariant: such a partition is named once in the journal, and counted as long as it
// stands still; readers cannot tell it from silence.

import type { EventLog } from '#libs/event-log';
import type { Journal } from './journal.js';
import { gauge, type Metrics } from './metrics.js';

const LOOK_MS = 2_000;
/** Transactions that end in good health take milliseconds. */
const HIDDEN_MS = 5_000;
/** A log that is read answers several times a second; brokers that hand over to each other are silent for moments. */
const SILENT_MS = 3_000;

const CATALOGUE = {
  hidden: gauge(
    'rollcall_log_hidden_partitions',
    "Partitions in which somebody's open transaction hides what is behind it.",
  ),
  clock: gauge(
    'rollcall_log_clock_difference_seconds',
    "The largest difference seen between the log's clock and ours.",
  ),
  silent: gauge('rollcall_log_silent_seconds', 'For how long the log has not answered, although it is being read.'),
} as const;

/** Readiness: a process whose log is away serves from what it knows at best, and says so. */
export function logComplaint(log: EventLog): string | undefined {
  const silentMs = log.silentForMs?.() ?? 0;
  if (silentMs < SILENT_MS) return undefined;
  return `the log has not answered for ${Math.round(silentMs / 1000)} s: nothing can be written, reads go on from the last known state`;
}

/** Looks until the returned function is called. */
export function watchLog(log: EventLog, metrics: Metrics, journal: Journal): () => void {
  const meters = metrics.meters(CATALOGUE);
  const named = new Set<string>();
  const look = (): void => {
    meters.clock.set(log.clockDifferenceMs() / 1000);
    meters.silent.set((log.silentForMs?.() ?? 0) / 1000);
    const hidden = (log.hiddenPartitions?.() ?? []).filter(({ hiddenForMs }) => hiddenForMs >= HIDDEN_MS);
    meters.hidden.set(hidden.length);
    const names = new Set(hidden.map(({ topic, partition }) => `${topic}-${partition}`));
    for (const { topic, partition, stableEnd, hiddenForMs } of hidden) {
      const name = `${topic}-${partition}`;
      if (named.has(name)) continue;
      named.add(name);
      journal.warn(
        `${name}: nothing behind offset ${stableEnd} can be read for ${Math.round(hiddenForMs / 1000)} s: a transaction is open there, whose writer is slow or gone; inputs must not be written in transactions`,
      );
    }
    for (const name of named) if (!names.has(name)) named.delete(name);
  };
  const timer = setInterval(look, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
