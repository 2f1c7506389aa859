// `presence.progress`, version 1: how far the task of a partition has come, under the key `!progress`. Invariant: the
// inputs stand in the order of INPUTS, the order of precedence at equal times; a time never reached is not written.
import { type Static, Type } from '@sinclair/typebox';
import { storedVersion } from '../format/stored-version.js';
import { InputWord, Offset, Timestamp, optional } from '../format/words.js';

/** The input topics, without prefix, in the order in which progress lists them. */
export const INPUTS = ['activity', 'commands'] as const;

export type InputWord = (typeof INPUTS)[number];

/** Structurally what the processing room writes and reads. */
export interface ProgressRecord {
  /** One per input, in the order of INPUTS. */
  readonly inputs: readonly ProgressPosition[];
  readonly checkpoint: readonly ProgressPosition[];
  /** Oldest first. */
  readonly acceptedLoss: readonly AcceptedLoss[];
  /** Every deadline at or before it has been applied; milliseconds, absent = not known. */
  readonly timersMs?: number;
}

export interface ProgressPosition {
  readonly nextOffset: number;
  /** Milliseconds; −Infinity = no time reached yet. */
  readonly reachedMs: number;
}

export interface AcceptedLoss {
  /** Index in INPUTS. */
  readonly input: number;
  readonly fromOffset: number;
  /** The first offset that was still there. */
  readonly toOffset: number;
}

const PositionV1 = Type.Object({ next_offset: Offset, reached_ts: optional(Timestamp) }, { description: 'a position' });
export const PositionsV1 = Type.Object(
  { activity: PositionV1, commands: PositionV1 },
  { description: 'a position per input' },
);
const LossV1 = Type.Object(
  { topic: InputWord, from_offset: Offset, to_offset: Offset },
  { description: 'a lost range of offsets' },
);

export const PresenceProgressV1 = Type.Object(
  {
    type: Type.Literal('presence.progress'),
    v: Type.Literal(1),
    inputs: PositionsV1,
    checkpoint: PositionsV1,
    timers_ts: optional(Timestamp),
    accepted_loss: optional(Type.Array(LossV1, { description: 'a list of lost ranges' })),
  },
  {
    title: 'presence.progress',
    description: 'How far the task of this partition has come; the last record of every transaction.',
  },
);

export const presenceProgressV1 = storedVersion(PresenceProgressV1, (stored): ProgressRecord => ({
  inputs: positionsOf(stored.inputs),
  checkpoint: positionsOf(stored.checkpoint),
  acceptedLoss: (stored.accepted_loss ?? []).map((loss) => ({
    input: INPUTS.indexOf(loss.topic),
    fromOffset: loss.from_offset,
    toOffset: loss.to_offset,
  })),
  ...(stored.timers_ts === undefined || stored.timers_ts === null ? {} : { timersMs: stored.timers_ts }),
}));

export function positionsOf(stored: Static<typeof PositionsV1>): ProgressPosition[] {
  return INPUTS.map((input) => ({
    nextOffset: stored[input].next_offset,
    reachedMs: stored[input].reached_ts ?? -Infinity,
  }));
}

export function encodeProgress(progress: ProgressRecord): string {
  const { acceptedLoss } = progress;
  return JSON.stringify({
    type: 'presence.progress',
    v: 1,
    inputs: writtenPositions(progress.inputs),
    checkpoint: writtenPositions(progress.checkpoint),
    timers_ts: progress.timersMs,
    accepted_loss: acceptedLoss.length === 0 ? undefined : acceptedLoss.map(writtenLoss),
  });
}

export function writtenPositions(positions: readonly ProgressPosition[]): object {
  const written: Record<string, object> = {};
  INPUTS.forEach((input, index) => {
    const position = positions[index] ?? { nextOffset: 0, reachedMs: -Infinity };
    const reached = position.reachedMs === -Infinity ? undefined : position.reachedMs;
    written[input] = { next_offset: position.nextOffset, reached_ts: reached };
  });
  return written;
}

function writtenLoss(loss: AcceptedLoss): object {
  return { topic: INPUTS[loss.input], from_offset: loss.fromOffset, to_offset: loss.toOffset };
}
