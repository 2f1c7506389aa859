// `presence.snapshot.end`, version 1: the snapshot that began last is whole.
import { Type } from '@sinclair/typebox';
import { storedVersion } from '../format/stored-version.js';
import { LastVersion, Timestamp } from '../format/words.js';
import { type SnapshotEnd, type SnapshotRecord } from './snapshot-record.js';

export const PresenceSnapshotEndV1 = Type.Object(
  {
    type: Type.Literal('presence.snapshot.end'),
    v: Type.Literal(1),
    at_ts: Timestamp,
    users: LastVersion,
  },
  { title: 'presence.snapshot.end', description: 'The snapshot that began at `at_ts` is whole.' },
);

export const presenceSnapshotEndV1 = storedVersion(PresenceSnapshotEndV1, (stored): SnapshotRecord => ({
  kind: 'end',
  atMs: stored.at_ts,
  users: stored.users,
}));

export function encodeSnapshotEnd({ atMs, users }: SnapshotEnd): string {
  return JSON.stringify({ type: 'presence.snapshot.end', v: 1, at_ts: atMs, users });
}
