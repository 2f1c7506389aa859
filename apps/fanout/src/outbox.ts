// Sends what a step has made: frames, then what recipient topics lack, then rejected records. Invariant: returns when all of
// it is durable. Frames go out one per partition at a time, so that no request outgrows what the broker takes.
import { rejectionHeaders } from '#libs/contracts';
import type { NewRecord } from '#libs/event-log';
import type { BrokenRecord } from '#libs/views';
import type { Frame } from './frame-builder.js';
import type { Patience } from './patience.js';
import type { RecipientTopics } from './recipient-topics.js';
import type { FanoutOptions } from './surroundings.js';
import type { Settlements } from './telling.js';

/** Longer values are cut when they are rejected, as the aggregator does: the record must fit where one of 1 MiB does. */
const MAX_REJECTED_BYTES = 900_000;
/** Key, headers and reason, about. */
const REJECTION_OVERHEAD_BYTES = 1_000;

export interface Sendable {
  readonly frames: readonly Frame[];
  readonly headers: Readonly<Record<string, string>>;
  readonly settlements: Settlements;
  readonly rejected: readonly BrokenRecord[];
}

export interface Destination {
  readonly fanout: FanoutOptions;
  readonly recipients: RecipientTopics;
}

export async function send(
  { frames, headers, settlements, rejected }: Sendable,
  { fanout, recipients }: Destination,
  patience: Patience,
): Promise<void> {
  const { log, topics, meter } = fanout;
  for (const wave of wavesOf(frames)) {
    const records = wave.map(({ partition, bytes }): NewRecord => ({ key: null, value: bytes, partition, headers }));
    await patience.persist(() => log.append(topics.deliveries, records));
    for (const frame of wave) meter.framed(frame.recipients);
  }
  await Promise.all(
    [...settlements].map(async ([topic, senders]) => {
      meter.wroteRecipients(await patience.persist(() => recipients.settle(topic, senders)));
    }),
  );
  for (const group of groupsOf(rejected)) {
    await patience.persist(() => log.append(topics.rejected, group.map(rejectionOf)));
    for (const { topic } of group) meter.rejected(topic);
  }
}

/** Together no larger than what one record may be. */
function groupsOf(rejected: readonly BrokenRecord[]): BrokenRecord[][] {
  const groups: BrokenRecord[][] = [];
  let bytes = Infinity;
  for (const broken of rejected) {
    const size = Math.min(broken.record.value?.length ?? 0, MAX_REJECTED_BYTES) + REJECTION_OVERHEAD_BYTES;
    if (bytes + size > MAX_REJECTED_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(broken);
    bytes += size;
  }
  return groups;
}

/** The first frame of every partition, then the second … */
function wavesOf(frames: readonly Frame[]): Frame[][] {
  const waves: Frame[][] = [];
  const seen = new Map<number, number>();
  for (const frame of frames) {
    const wave = seen.get(frame.partition) ?? 0;
    seen.set(frame.partition, wave + 1);
    (waves[wave] ??= []).push(frame);
  }
  return waves;
}

function rejectionOf({ topic, partition, record, reason }: BrokenRecord): NewRecord {
  const { key, value, offset } = record;
  const headers: Record<string, string> = rejectionHeaders({ reason, topic, partition, offset });
  if (value === null || value.length <= MAX_REJECTED_BYTES) return { key, value, headers };
  return {
    key,
    value: value.subarray(0, MAX_REJECTED_BYTES),
    headers: { ...headers, cut_from_bytes: String(value.length) },
  };
}
