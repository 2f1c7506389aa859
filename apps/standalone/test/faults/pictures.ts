// What clients see in the end, by /sync alone, against the history: of everybody with whom somebody shares a room, the last
// view. Invariant: who was never visible may be unknown; who is gone or offline without a message may look so.
import { decodeChange, type ChangeRecord, type TopicNames } from '#libs/contracts';
import { Company } from './company.js';
import type { TopicRecords } from './history-oracle.js';
import type { Seen } from './visitors.js';

const NOBODY: Seen = { presence: 'offline', statusMsg: undefined };

export function pictureFaults(
  pictures: ReadonlyMap<string, ReadonlyMap<string, Seen>>,
  records: TopicRecords,
  topics: TopicNames,
): string[] {
  if (pictures.size === 0) return [];
  const company = new Company(records, topics);
  const latest = new Map<string, ChangeRecord>();
  for (const { key, value } of records(topics.changes).flat()) {
    const decoded = decodeChange(value, key);
    if (decoded.ok) latest.set(decoded.record.userId, decoded.record);
  }
  const faults: string[] = [];
  for (const [viewer, picture] of pictures) {
    for (const [sender, last] of latest) {
      if (sender !== viewer && !company.shares(viewer, sender)) continue;
      const [wanted, seen] = [seenOf(last), picture.get(sender) ?? NOBODY];
      if (wanted.presence !== seen.presence || wanted.statusMsg !== seen.statusMsg)
        faults.push(
          `${viewer} sees ${JSON.stringify(picture.get(sender))} of ${sender}, not ${JSON.stringify(wanted)}`,
        );
    }
  }
  return faults;
}

function seenOf(change: ChangeRecord): Seen {
  return change.kind === 'forgotten' ? NOBODY : { presence: change.view.presence, statusMsg: change.view.statusMsg };
}
