// What the fan-out is given: log, clock, names, limits, and to whom it speaks. Invariant: everything that bounds memory,
// sizes or waiting is named here with its default, and nothing reads the environment.
import type { TopicNames } from '#libs/contracts';
import type { Clock, EventLog } from '#libs/event-log';
import type { TraceStep } from './change-queue.js';

/** Where lines go; the runtime's Journal has this shape. */
export interface Lines {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What the fan-out counts. */
export interface Meter {
  /** A frame was made durable: so many recipients in it. */
  framed(recipients: number): void;
  /** Changes were taken and everything of them sent, so long after the last of them was made; each sender to so many. */
  told(changes: number, lagMs: number, audiences: readonly number[]): void;
  /** Records of recipient topics were made durable. */
  wroteRecipients(records: number): void;
  /** `failing`: of those that are followed, they take no records. */
  recipientTopics(count: { readonly followed: number; readonly failing: number; readonly refused: number }): void;
  rejected(topic: string, reason: string): void;
  /** A send or a commit failed and will be tried again. */
  retried(): void;
  /** Nothing was sent because the group has not confirmed this member for longer than the session timeout. */
  heldBack(): void;
  oversizeRooms(rooms: number): void;
}

export interface FanoutLimits {
  readonly maxRoomMembers: number;
  readonly maxRecipientTopics: number;
  /** A frame is closed when it would grow beyond this; well under the broker's 1 MB. */
  readonly maxFrameBytes: number;
  /** A step ends when it has so many recipients, so that heartbeats are never kept waiting. */
  readonly maxRecipientsPerStep: number;
  /** Records that are written to recipient topics at once by one task, about: what more there is waits here and not in the log's queue. */
  readonly maxSettledAtOnce: number;
  /** Of room returns, resends and audits, beside changes, in one step. */
  readonly maxPacedPerStep: number;
  /** Batches of changes a task holds before it pauses its partition. */
  readonly maxQueuedBatches: number;
  /** Nothing is sent when the group's last confirmation is older. */
  readonly sessionTimeoutMs: number;
  readonly commitEveryMs: number;
  readonly pollTopicsEveryMs: number;
  readonly retryAfterMs: number;
  /** A gained task whose vector is further behind than this many records sends everything instead of looking for what is due. */
  readonly maxReread: number;
}

export const DEFAULT_LIMITS: FanoutLimits = {
  maxRoomMembers: 10_000,
  maxRecipientTopics: 1_000,
  maxFrameBytes: 384 * 1024,
  maxRecipientsPerStep: 200_000,
  maxSettledAtOnce: 5_000,
  maxPacedPerStep: 20_000,
  maxQueuedBatches: 8,
  sessionTimeoutMs: 6_000,
  commitEveryMs: 500,
  pollTopicsEveryMs: 2_000,
  retryAfterMs: 250,
  maxReread: 50_000,
};

export interface FanoutOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  /** Before the names of all topics, and of the group. */
  readonly prefix: string;
  readonly topics: TopicNames;
  /** The consumer group of changes. */
  readonly group: string;
  readonly limits: FanoutLimits;
  readonly lines: Lines;
  readonly meter: Meter;
  /** Absent: trace contexts are passed on as they came. */
  readonly traceStep?: TraceStep;
  /** The fan-out cannot go on; told once. */
  readonly onFatal: (error: Error) => void;
}

export const SILENT_LINES: Lines = { debug() {}, info() {}, warn() {}, error() {} };

export const NO_METER: Meter = {
  framed() {},
  told() {},
  wroteRecipients() {},
  recipientTopics() {},
  rejected() {},
  retried() {},
  heldBack() {},
  oversizeRooms() {},
};
