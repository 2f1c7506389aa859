// Where a task stands: its changes offset, and the memberships and rooms offsets up to which its senders' join and leave
// effects were sent. Invariant: stored in one commit, the vector as the offset's metadata, and believed only when it is ours
// and inside the log. It stands apart because everything about a start hangs on it.
import { decodeFanoutPosition, positionsOf, type Vector } from '#libs/contracts';
import type { EventLog, GroupOffset } from '#libs/event-log';
import type { MembershipPositions } from '#libs/views';

export interface TaskPosition {
  /** The next offset of changes. */
  readonly changes: number;
  readonly vector: MembershipPositions;
}

/** What the log holds of a topic, a number per partition. */
export interface Extent {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

export interface LogExtents {
  readonly changes: Extent;
  readonly memberships: Extent;
  readonly rooms: Extent;
}

/** The committed position, or why it counts as missing. */
export function readPosition(committed: GroupOffset | undefined, extents: LogExtents): TaskPosition | string {
  if (committed === undefined || committed.offset < 0) return 'nothing is committed';
  const decoded = decodeFanoutPosition(committed.metadata);
  if (!decoded.ok) return decoded.reason;
  const { changes, memberships, rooms } = extents;
  const { partition, offset } = committed;
  if (offset < (changes.starts[partition] ?? 0) || offset > (changes.ends[partition] ?? 0))
    return 'the committed offset is outside the log';
  if (!isInside(decoded.record.memberships, memberships))
    return 'the committed position of memberships is outside the log';
  if (!isInside(decoded.record.rooms, rooms)) return 'the committed position of rooms is outside the log';
  const vector = { memberships: positionsOf(decoded.record.memberships), rooms: positionsOf(decoded.record.rooms) };
  return { changes: offset, vector };
}

function isInside(vector: Vector, { starts, ends }: Extent): boolean {
  if (vector.size !== ends.length) return false;
  return ends.every((end, partition) => {
    const position = vector.get(partition) ?? -1;
    return position >= (starts[partition] ?? 0) && position <= end;
  });
}

export async function extentOf(log: EventLog, topic: string): Promise<Extent> {
  const [starts, ends] = await Promise.all([log.starts(topic), log.ends(topic)]);
  return { starts, ends };
}
