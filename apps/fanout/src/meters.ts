// The fan-out's metrics by name, with their help texts. Invariant: nothing is labelled by user or room.
import { rejectionKind } from '#libs/contracts';
import { counter, gauge, histogram, type Metrics } from '#libs/runtime';
import type { Meter } from './surroundings.js';

const CATALOGUE = {
  frames: counter('rollcall_fanout_frames_total', 'Frames made durable in deliveries'),
  recipients: counter('rollcall_fanout_recipients_total', 'Recipients of all entries in those frames'),
  changes: counter('rollcall_fanout_changes_total', 'Changes told to everybody interested'),
  lag: histogram('rollcall_fanout_lag_seconds', 'From a change to when it was told, the last one of every step'),
  recipientRecords: counter('rollcall_fanout_recipient_records_total', 'Records written to recipient topics'),
  recipientTopics: gauge(
    'rollcall_fanout_recipient_topics',
    'Recipient topics found: kept up to date, of these failing (they take no records), or refused',
    ['state'],
  ),
  audiences: histogram('rollcall_fanout_recipients_per_change', 'To how many a change was told', {
    buckets: [0, 1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000],
  }),
  rejected: counter('rollcall_fanout_rejected_total', 'Records that could not be read, by topic and kind of fault', [
    'topic',
    'reason',
  ]),
  retries: counter('rollcall_fanout_retries_total', 'Sends and commits that failed and were tried again'),
  heldBack: counter(
    'rollcall_fanout_held_back_total',
    'Times nothing was sent because the group had not confirmed this member',
  ),
  oversizeRooms: gauge('rollcall_fanout_oversize_rooms', 'Rooms over MAX_ROOM_MEMBERS, which create no interest'),
} as const;

export function meterOf(metrics: Metrics): Meter {
  const meters = metrics.meters(CATALOGUE);
  return {
    framed: (recipients) => {
      meters.frames.inc();
      meters.recipients.inc(recipients);
    },
    told: (changes, lagMs, audiences) => {
      for (const recipients of audiences) meters.audiences.observe(recipients);
      meters.changes.inc(changes);
      meters.lag.observe(Math.max(0, lagMs) / 1_000);
    },
    wroteRecipients: (records) => {
      meters.recipientRecords.inc(records);
    },
    recipientTopics: (count) => {
      for (const state of ['followed', 'failing', 'refused'] as const)
        meters.recipientTopics.set({ state }, count[state]);
    },
    rejected: (topic, reason) => {
      meters.rejected.inc({ topic, reason: rejectionKind(reason) });
    },
    retried: () => {
      meters.retries.inc();
    },
    heldBack: () => {
      meters.heldBack.inc();
    },
    oversizeRooms: (rooms) => {
      meters.oversizeRooms.set(rooms);
    },
  };
}
