// `presence.snapshots`: what stands there beside registers, which have their user's id as key. Invariant: the key tells all kinds
// apart, so that a reader may pass over what it does not want without reading it.
import { type Decoded, undecodable } from '../format/decoded.js';
import { quoted } from '../format/explain.js';
import { ORDER_KEY, SNAPSHOT_KEY } from '../format/keys.js';
import { decodeText, recordFamily } from '../format/record-family.js';
import { encodeTakingOrder, presenceOrderV1 } from './presence-order-v1.js';
import { encodeSnapshotBegin, presenceSnapshotBeginV1 } from './presence-snapshot-begin-v1.js';
import { encodeSnapshotEnd, presenceSnapshotEndV1 } from './presence-snapshot-end-v1.js';
import { type SnapshotRecord } from './snapshot-record.js';

export const SNAPSHOTS = recordFamily<SnapshotRecord>({
  'presence.snapshot.begin': [presenceSnapshotBeginV1],
  'presence.snapshot.end': [presenceSnapshotEndV1],
  'presence.order': [presenceOrderV1],
});

/** A record under one of the two keys that are no user id. */
export function decodeSnapshotRecord(text: string | null, keyText: string | null): Decoded<SnapshotRecord> {
  const result = decodeText(SNAPSHOTS, text);
  if (!result.ok) return result;
  const wanted = snapshotKey(result.record);
  if (keyText === wanted) return result;
  return undecodable(`the key must be ${wanted}, not ${keyText === null ? 'none' : quoted(keyText)}`);
}

/** The key of a record that is no register. */
export function snapshotKey({ kind }: SnapshotRecord): string {
  return kind === 'order' ? ORDER_KEY : SNAPSHOT_KEY;
}

export function encodeSnapshotRecord(record: SnapshotRecord): string {
  switch (record.kind) {
    case 'begin':
      return encodeSnapshotBegin(record);
    case 'end':
      return encodeSnapshotEnd(record);
    case 'order':
      return encodeTakingOrder(record);
  }
}
