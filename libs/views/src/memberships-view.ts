// Who shares a room with whom, as the memberships and rooms topics tell it, with the positions up to which it was read.
// Invariant: the table is exactly the fold of both topics up to `positions`. It stands apart from Interest because topics,
// offsets and broken records are the log's words, not the domain's.
import type { RecordBatch } from '#libs/event-log';
import type { Waited } from './states-view.js';

/** Next offsets, a number per partition, of both topics. */
export interface MembershipPositions {
  readonly memberships: readonly number[];
  readonly rooms: readonly number[];
}

export interface MembershipsViewOptions {
  readonly topics: { readonly memberships: string; readonly rooms: string };
  readonly partitions: { readonly memberships: number; readonly rooms: number };
  readonly maxRoomMembers: number;
}

export declare class MembershipsView {
  constructor(options: MembershipsViewOptions);
  /** Records of memberships or rooms, told apart by the batch's topic. Broken ones are counted. */
  apply(batch: RecordBatch): void;
  /** True for the user itself, and for two users joined to one room that creates interest. */
  isInterested(recipient: string, sender: string): boolean;
  /** Interest is mutual: who is told of this user, and of whom this user is told. The user itself included, each once. */
  interestedIn(userId: string): string[];
  readonly positions: MembershipPositions;
  readonly brokenRecords: number;
  /** Waits until both topics have been applied up to these positions (a shorter vector counts as zeros). */
  whenAt(positions: MembershipPositions, signal: AbortSignal): Promise<Waited>;
  /** Told after any record that may have changed who shares with whom; `undefined` = with many (a policy, a size limit). */
  onChanged(listener: (userId: string | undefined) => void): () => void;
}
