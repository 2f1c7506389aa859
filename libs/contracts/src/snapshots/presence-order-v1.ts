// `presence.order`, version 1: where the order in which inputs were taken is not that of their times.
import { Type } from '@sinclair/typebox';
import { storedVersion } from '../format/stored-version.js';
import { type OrderPoint, type SnapshotRecord, type TakingOrder } from './snapshot-record.js';

const OffsetOrNone = Type.Integer({
  minimum: -1,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'an offset, a whole number from 0, or -1 for none',
});

export const PresenceOrderV1 = Type.Object(
  {
    type: Type.Literal('presence.order'),
    v: Type.Literal(1),
    points: Type.Array(Type.Array(OffsetOrNone, { minItems: 2, maxItems: 2, description: 'a pair of offsets' }), {
      description: 'a list of pairs of offsets',
    }),
  },
  {
    title: 'presence.order',
    description: 'Last offsets taken of activity and commands, at moments after which an earlier input was taken.',
  },
);

export const presenceOrderV1 = storedVersion(PresenceOrderV1, (stored): SnapshotRecord => ({
  kind: 'order',
  points: stored.points.map(([activity, commands]): OrderPoint => [activity!, commands!]),
}));

export function encodeTakingOrder({ points }: TakingOrder): string {
  return JSON.stringify({ type: 'presence.order', v: 1, points });
}
