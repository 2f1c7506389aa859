// What one delivery partition tells of one sender. Invariant: immutable.
import type { View } from '#libs/presence';
import type { FrameOrigin } from './frame-origin.js';
import type { NumberedEntry } from './frame-records.js';
import type { Position, Stamp } from './position.js';

export interface News extends Stamp {
  readonly sender: string;
  /** The sender's number. */
  readonly row: number;
  /** Absent: forgotten; shown as offline without anything. */
  readonly view: View | undefined;
  /** Of the input that caused it, if it came with one. */
  readonly traceparent: string | undefined;
  readonly position: Position;
  readonly origin: FrameOrigin;
  /** Append time of its frame. */
  readonly toldAtMs: number;
}

/** Where an entry stands. */
export type Place = Pick<News, 'position' | 'origin' | 'toldAtMs'>;

export function newsOf({ news, sender, row }: NumberedEntry, { position, origin, toldAtMs }: Place): News {
  const { life, version, traceparent } = news;
  const view = news.kind === 'shown' ? news.view : undefined;
  return { sender, row, life, version, view, traceparent, position, origin, toldAtMs };
}

/** Told of one sender after another that it compares to like this, it is no news. The same version told again after rooms changed may be a join that asks for it; otherwise it is a repetition. */
export function isRepeated(order: number, origin: FrameOrigin, earlier: FrameOrigin): boolean {
  return order < 0 || (order === 0 && origin.sameRooms(earlier));
}
