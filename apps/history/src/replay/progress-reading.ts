// How far the aggregator has come with a partition: the last record of its states. Invariant: it is read from the end backwards, so
// that it costs the same whatever the states hold.
import { PROGRESS_KEY, decodeProgress, type ProgressRecord } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';

const KEY = Buffer.from(PROGRESS_KEY);

/** undefined = the aggregator has written nothing of this partition. */
export async function readProgress(
  log: EventLog,
  statesTopic: string,
  partition: number,
): Promise<ProgressRecord | undefined> {
  const end = (await log.ends(statesTopic))[partition] ?? 0;
  // Every transaction ends with it; behind it there may be a gap that a control record leaves.
  for (let back = 4; ; back *= 8) {
    const from = Math.max(0, end - back);
    let found: Uint8Array | undefined;
    for await (const { records } of log.read(statesTopic, partition, from, end)) {
      for (const { key, value } of records) if (key !== null && value !== null && KEY.equals(key)) found = value;
    }
    if (found !== undefined) {
      const decoded = decodeProgress(Buffer.from(found).toString('utf8'));
      return decoded.ok ? decoded.record : undefined;
    }
    if (from === 0) return undefined;
  }
}
