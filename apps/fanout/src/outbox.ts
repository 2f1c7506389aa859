// Sends what a step has made: frames, then what recipient topics lack, then rejected records. Invariant: returns when all of
// it is durable. Frames go out one per partition at a time, so that no request outgrows what the broker takes.
import { sizeOfRecord, type NewRecord } from '#libs/event-log';
import { rejectionOf } from '#libs/processing';
import type { BrokenRecord } from '#libs/views';
import type { Frame } from './frame-builder.js';
import type { Patience } from './patience.js';
import type { RecipientTopics } from './recipient-topics.js';
import type { FanoutOptions } from './surroundings.js';
import type { Settlements } from './telling.js';

/** Of rejected records in one append. */
const MAX_GROUP_BYTES = 900_000;

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
  const untilMs = recipients.writer.patienceEndsMs(settlements.size);
  for (const some of slicesOf(settlements, fanout.limits.maxSettledAtOnce))
    await patience.persist(() => recipients.writer.settle(some, untilMs));
  for (const group of groupsOf(rejected.map(rejectionOf))) {
    await patience.persist(() => log.append(topics.rejected, group));
    for (const { headers: of } of group) meter.rejected(of?.['topic'] ?? '', of?.['reason'] ?? '');
  }
}

/** Together no larger than what one record may be. */
function groupsOf(rejected: readonly NewRecord[]): NewRecord[][] {
  const groups: NewRecord[][] = [];
  let bytes = Infinity;
  for (const record of rejected) {
    const size = sizeOfRecord(record);
    if (bytes + size > MAX_GROUP_BYTES) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)?.push(record);
    bytes += size;
  }
  return groups;
}

/** Whole topics, until there is enough. */
function slicesOf(settlements: Settlements, enough: number): Settlements[] {
  const slices: Settlements[] = [];
  let records = Infinity;
  for (const [topic, senders] of settlements) {
    if (records >= enough) {
      slices.push(new Map());
      records = 0;
    }
    slices.at(-1)?.set(topic, senders);
    records += senders.size;
  }
  return slices;
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
