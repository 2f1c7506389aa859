// Every stored format by the name of its golden file. Invariant: a decoder and its encoder stand side by side, so that
// whatever is written today is read tomorrow. For specs only.
import { decodeActivity, encodeActivity } from '../activity/activity.js';
import { decodeChange, encodeChange } from '../changes/changes.js';
import { decodeCommand, encodeCommand } from '../commands/commands.js';
import { decodeFanoutPosition, encodeFanoutPosition } from '../deliveries/fanout-position.js';
import { decodeFrame, encodeFrame } from '../deliveries/frame.js';
import { decodeVector, encodeVector } from '../deliveries/vector.js';
import { type Decoded } from '../format/decoded.js';
import { decodeMembership, decodeRoomPolicy, encodeMembership, encodeRoomPolicy } from '../rooms/rooms.js';
import { decodeSnapshotRecord, encodeSnapshotRecord } from '../snapshots/snapshots.js';
import { decodeState, decodeProgress, encodeState } from '../states/states.js';
import { encodeProgress } from '../states/presence-progress-v1.js';

export interface StoredFormat {
  /** The record, or a reason; `again` writes the record anew. */
  decode(text: string | null, key: string | null): Decoded<unknown> & { readonly again?: () => string };
}

function format<T>(
  decode: (text: string | null, key: string | null) => Decoded<T>,
  encode: (record: T) => string,
): StoredFormat {
  return {
    decode: (text, key) => {
      const result = decode(text, key);
      return result.ok ? { ...result, again: () => encode(result.record) } : result;
    },
  };
}

export const STORED_FORMATS: Readonly<Record<string, StoredFormat>> = {
  activity: format(decodeActivity, encodeActivity),
  commands: format(decodeCommand, encodeCommand),
  memberships: format(decodeMembership, encodeMembership),
  rooms: format(decodeRoomPolicy, encodeRoomPolicy),
  states: format(decodeState, encodeState),
  progress: format((text) => decodeProgress(text), encodeProgress),
  snapshots: format(decodeSnapshotRecord, encodeSnapshotRecord),
  changes: format(decodeChange, encodeChange),
  frames: format((text) => decodeFrame(text), encodeFrame),
  vectors: format((text) => decodeVector(text ?? undefined), encodeVector),
  'fanout-positions': format((text) => decodeFanoutPosition(text ?? undefined), encodeFanoutPosition),
};
