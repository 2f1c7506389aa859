// How far the aggregator has come with a partition: the last record of its states. Invariant: it costs the same whatever they hold.
import { PROGRESS_KEY, decodeProgress, type ProgressRecord } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { lastOfKey } from '#libs/processing';

/** undefined = the aggregator has written nothing of this partition. */
export async function readProgress(
  log: EventLog,
  topic: string,
  partition: number,
): Promise<ProgressRecord | undefined> {
  const end = (await log.ends(topic))[partition] ?? 0;
  const text = await lastOfKey(log, { topic, partition, end, key: PROGRESS_KEY });
  const decoded = text === undefined ? undefined : decodeProgress(text);
  return decoded?.ok === true ? decoded.record : undefined;
}
