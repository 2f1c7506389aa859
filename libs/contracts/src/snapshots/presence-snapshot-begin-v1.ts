// `presence.snapshot.begin`, version 1: the registers of a partition at one pair of input offsets follow.
import { type Static, Type } from '@sinclair/typebox';
import { storedVersion } from '../format/stored-version.js';
import { Lease, LastVersion, Timestamp } from '../format/words.js';
import { PositionsV1, positionsOf, writtenPositions } from '../states/presence-progress-v1.js';
import { type SnapshotBegin, type SnapshotRecord } from './snapshot-record.js';

const ReasonV1 = Type.Union(
  [Type.Literal('due'), Type.Literal('first'), Type.Literal('policy'), Type.Literal('loss'), Type.Literal('moved')],
  { description: 'one of due, first, policy, loss, moved' },
);

const PolicyV1 = Type.Object(
  {
    idle_after_ms: Lease,
    active_for_ms: Lease,
    offline_after_ms: Lease,
    busy_offline_after_ms: Lease,
    max_lease_ms: Lease,
  },
  { description: 'the timings in force' },
);

export const PresenceSnapshotBeginV1 = Type.Object(
  {
    type: Type.Literal('presence.snapshot.begin'),
    v: Type.Literal(1),
    at_ts: Timestamp,
    reason: ReasonV1,
    inputs: PositionsV1,
    users: LastVersion,
    losses: LastVersion,
    policy: PolicyV1,
  },
  {
    title: 'presence.snapshot.begin',
    description: 'All registers of the partition, as they were when exactly these inputs had been taken, follow.',
  },
);

export const presenceSnapshotBeginV1 = storedVersion(PresenceSnapshotBeginV1, (stored): SnapshotRecord => ({
  kind: 'begin',
  atMs: stored.at_ts,
  reason: stored.reason,
  inputs: positionsOf(stored.inputs),
  users: stored.users,
  policy: policyOf(stored.policy),
  losses: stored.losses,
}));

function policyOf(stored: Static<typeof PolicyV1>): SnapshotBegin['policy'] {
  return {
    idleAfterMs: stored.idle_after_ms,
    activeForMs: stored.active_for_ms,
    offlineAfterMs: stored.offline_after_ms,
    busyOfflineAfterMs: stored.busy_offline_after_ms,
    maxLeaseMs: stored.max_lease_ms,
  };
}

export function encodeSnapshotBegin({ atMs, reason, inputs, users, policy, losses }: SnapshotBegin): string {
  return JSON.stringify({
    type: 'presence.snapshot.begin',
    v: 1,
    at_ts: atMs,
    reason,
    inputs: writtenPositions(inputs),
    users,
    losses,
    policy: {
      idle_after_ms: policy.idleAfterMs,
      active_for_ms: policy.activeForMs,
      offline_after_ms: policy.offlineAfterMs,
      busy_offline_after_ms: policy.busyOfflineAfterMs,
      max_lease_ms: policy.maxLeaseMs,
    },
  });
}
