// The latest public view of every user, as told by the states topic and raised by delivery frames and changes. Invariant: a
// user's (life, version) never falls, whoever tells it and however often. It stands apart because the gateway and the
// fan-out look users up in it, and a million users must fit: one row of typed columns a user, no object.
import type { RecordBatch } from '#libs/event-log';
import type { Presence, View } from '#libs/presence';

/** Newer means: later life, then higher version. */
export interface Stamp {
  readonly life: number;
  readonly version: number;
}

/** What is known of a user. `gone`: forgotten; (life, 0) is the life that would begin next, and there is no view. */
export interface PublicState extends Stamp {
  readonly userId: string;
  readonly changedAtMs: number;
  /** Absent exactly when `gone`. */
  readonly view?: View;
  readonly gone: boolean;
}

/** One entry of a frame, or a change: what raises the view. */
export interface Raise extends Stamp {
  readonly userId: string;
  readonly changedAtMs: number;
  readonly view?: View;
}

export interface InputPosition {
  readonly topic: 'activity' | 'commands';
  readonly offset: number;
}

/** `reached`: visible in this view now. `late`: the signal ended the wait. */
export type Waited = 'reached' | 'late';

export interface StatesViewOptions {
  readonly partitions: number;
  /** Told after a user's row moved to another view or was erased; the administrator's stream hangs here. */
  readonly onMoved?: (userId: string) => void;
}

export declare class StatesView {
  constructor(options: StatesViewOptions);
  /** Records of the states topic. Broken ones are counted. */
  apply(batch: RecordBatch): void;
  /** `newer`: the view moved. `known`: it already was there, or beyond. */
  raise(entry: Raise): 'newer' | 'known';
  /** undefined = never heard of. A forgotten user is `gone`. */
  get(userId: string): PublicState | undefined;
  users(): IterableIterator<string>;
  readonly size: number;
  readonly brokenRecords: number;
  /** The next offset of the states topic to be applied, a number per partition. */
  readonly positions: readonly number[];
  /** Next input offset whose effects this view holds (0 = nothing known yet). */
  progress(partition: number, topic: InputPosition['topic']): number;
  /** Waits until the effects of the input at this offset are in the view. The signal bounds the wait; nothing stays behind. */
  whenProgress(partition: number, input: InputPosition, signal: AbortSignal): Promise<Waited>;
  /** Waits until every partition has been applied up to these positions. */
  whenAt(positions: readonly number[], signal: AbortSignal): Promise<Waited>;
}

export declare function isPlainOffline(view: View): boolean;
export type { Presence };
