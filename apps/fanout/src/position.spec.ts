// When a committed position is believed: ours, complete, and inside the log.
import { encodeFanoutPosition } from '#libs/contracts';
import { readPosition, type LogExtents } from './position.js';

const EXTENTS: LogExtents = {
  changes: { starts: [5, 0], ends: [10, 0] },
  memberships: { starts: [0, 0], ends: [7, 3] },
  rooms: { starts: [0], ends: [2] },
};
const VECTOR = { memberships: [7, 1], rooms: [0] };

function committed(
  offset: number,
  vector: { memberships: number[]; rooms: number[] },
): ReturnType<typeof readPosition> {
  return readPosition({ topic: 'c', partition: 0, offset, metadata: encodeFanoutPosition(vector) }, EXTENTS);
}

it('believes a position of ours inside the log, its ends included', () => {
  expect(committed(5, VECTOR)).toEqual({ changes: 5, vector: VECTOR });
  expect(committed(10, VECTOR)).toEqual({ changes: 10, vector: VECTOR });
});

it.each([
  ['nothing', readPosition(undefined, EXTENTS)],
  ['no offset', readPosition({ topic: 'c', partition: 0, offset: -1 }, EXTENTS)],
  ['no metadata', readPosition({ topic: 'c', partition: 0, offset: 6 }, EXTENTS)],
  ['empty metadata', readPosition({ topic: 'c', partition: 0, offset: 6, metadata: '' }, EXTENTS)],
  ['foreign metadata', readPosition({ topic: 'c', partition: 0, offset: 6, metadata: '{"by":"a tool"}' }, EXTENTS)],
  ['before the log', committed(4, VECTOR)],
  ['behind the log', committed(11, VECTOR)],
  ['memberships behind the log', committed(6, { memberships: [7, 4], rooms: [0] })],
  ['rooms behind the log', committed(6, { memberships: [7, 1], rooms: [3] })],
  ['another number of partitions', committed(6, { memberships: [7], rooms: [0] })],
])('counts as missing: %s', (_name, position) => {
  expect(typeof position).toBe('string');
});
