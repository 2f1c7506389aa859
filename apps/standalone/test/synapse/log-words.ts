// What the log itself says, read from its beginning: who is what to which room, and how everybody is shown. Invariant: records
// alone; a record that cannot be read is a failure, never passed by.
import { decodeMembership, decodeStatesRecord, topicNames, type MembershipWord } from '#libs/contracts';
import type { EventLog, LogRecord } from '#libs/event-log';
import type { View } from '#libs/presence';

/** By `ROOM USER`; the last word of each. */
export async function membershipsIn(log: EventLog, prefix: string): Promise<Map<string, MembershipWord>> {
  const words = new Map<string, MembershipWord>();
  await eachRecord(log, topicNames(prefix).memberships, ({ key, value }) => {
    const decoded = decodeMembership(textOf(value), textOf(key));
    if (!decoded.ok) throw new Error(`a membership that cannot be read: ${String(textOf(value))}`);
    const { roomId, userId, membership } = decoded.record;
    words.set(`${roomId} ${userId}`, membership);
  });
  return words;
}

/** By user; who was forgotten is not there. */
export async function viewsIn(log: EventLog, prefix: string): Promise<Map<string, View>> {
  const views = new Map<string, View>();
  await eachRecord(log, topicNames(prefix).states, ({ key, value }) => {
    const decoded = decodeStatesRecord(textOf(value), textOf(key));
    if (!decoded.ok) throw new Error(`a state that cannot be read: ${String(textOf(value))}`);
    const { record } = decoded;
    if (record.kind === 'state') views.set(record.state.userId, record.state.view);
    else if (record.kind === 'forgotten') views.delete(record.userId);
  });
  return views;
}

async function eachRecord(log: EventLog, topic: string, take: (record: LogRecord) => void): Promise<void> {
  for (const [partition, end] of (await log.ends(topic)).entries())
    for await (const { records } of log.read(topic, partition, 0, end)) records.forEach(take);
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('utf8');
}
