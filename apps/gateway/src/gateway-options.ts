// What a gateway needs to be told, and the bounds within which it serves. Invariant: everything here is plain data or a port,
// so that a test composes a gateway exactly as a process does, with other numbers.
import type { Clock, EventLog } from '#libs/event-log';
import type { Journal, Metrics, Tracing } from '#libs/runtime';
import type { Authentication } from './authentication/caller.js';
import type { HomeserverOptions } from './homeserver/homeserver-doors.js';

export interface GatewayBounds {
  /** Longest `timeout` of a /sync, milliseconds; a longer one is cut to it. */
  readonly maxPollMs: number;
  /** Polls and streams of one user at this gateway; one more completes the oldest waiting poll. */
  readonly maxWaitingPerUser: number;
  /** Polls and streams of everybody at this gateway; one more is answered 429. */
  readonly maxWaiting: number;
  /** Longest wait until a PUT or a first poll is visible here, milliseconds. */
  readonly maxVisibleMs: number;
  /** Longest wait for a write to become durable, milliseconds; afterwards 503. */
  readonly maxDurableMs: number;
  /** Body of an ordinary request. */
  readonly maxBodyBytes: number;
  /** Body of an administrator's NDJSON request. */
  readonly maxLinesBytes: number;
  readonly maxFilterBytes: number;
  readonly maxFiltersPerUser: number;
  /** Senders whose news one answer tells; whoever has missed more is told everything shown. */
  readonly maxSendersAtOnce: number;
  /** News kept in memory for whoever comes back (some 70 bytes each, beside status messages); an older token is read from the log. */
  readonly maxRecentNews: number;
  /** Recipients of that news (8 bytes each). */
  readonly maxRecentRecipients: number;
  /** Frames of the log read again for one token; a token further behind is answered by the fallback. */
  readonly maxReplayFrames: number;
  /** Between two comments on a stream without news, milliseconds. */
  readonly streamCommentMs: number;
}

export const DEFAULT_BOUNDS: GatewayBounds = {
  maxPollMs: 120_000,
  maxWaitingPerUser: 100,
  maxWaiting: 200_000,
  maxVisibleMs: 5_000,
  maxDurableMs: 10_000,
  maxBodyBytes: 64 * 1024,
  maxLinesBytes: 16 * 1024 * 1024,
  maxFilterBytes: 16 * 1024,
  maxFiltersPerUser: 100,
  maxSendersAtOnce: 5_000,
  maxRecentNews: 500_000,
  maxRecentRecipients: 16_000_000,
  maxReplayFrames: 20_000,
  streamCommentMs: 15_000,
};

export interface GatewayOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly metrics: Metrics;
  /** Absent: trace contexts are passed on, and no span is made. */
  readonly tracing?: Tracing;
  readonly topics: { readonly prefix: string; readonly partitions: number; readonly deliveryPartitions: number };
  /** The grace of sessions (`offlineAfter`) and the longest lease, as the aggregator's policy has them. */
  readonly policy: { readonly offlineAfterMs: number; readonly maxLeaseMs: number };
  readonly maxRoomMembers: number;
  /** How `busy` is shown over HTTP (semantics.md section 10). */
  readonly busyName: 'unstable' | 'stable';
  /** Per user and gateway. */
  readonly putPerSecond: number;
  readonly putBurst: number;
  readonly authentication: Authentication;
  /** The homeserver that this gateway stands in front of; absent = the clients' server is this gateway. */
  readonly homeserver?: HomeserverOptions;
  /** Names this gateway's sessions: unique among all gateways, past ones included. */
  readonly gatewayId: string;
  readonly bounds?: Partial<GatewayBounds>;
}
