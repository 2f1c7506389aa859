// The records of `presence.copy`, a topic that only copied logs have: a copy was begun, it is done. Invariant: while the last
// record is not `copy.done`, the topics hold a part of what they should, and no service starts on them.
import { isJsonObject } from '#libs/matrix';
import { type Decoded, decoded, undecodable } from '../format/decoded.js';
import type { TopicShape } from '../topics/topic-specs.js';

export interface CopyMark {
  readonly kind: 'begun' | 'done';
  /** Milliseconds. */
  readonly atMs: number;
  /** The log that was copied, in words for people. */
  readonly from: string;
  /** The identities of its topics: a copy goes on only from the very same. */
  readonly source: string;
  /** How far it was written; a source that went on since is no longer what was copied. */
  readonly written: string;
  /** Of each partition of changes the offset at which this log's own history begins; empty while it is not done. */
  readonly ownChanges: readonly number[];
}

export function copyTopic(prefix: string): string {
  return `${prefix}copy`;
}

export function copyTopicSpec(prefix: string): TopicShape {
  return { name: copyTopic(prefix), partitions: 1, cleanup: 'delete', timestamps: 'create' };
}

export function encodeCopyMark({ kind, atMs, from, source, written, ownChanges }: CopyMark): string {
  return JSON.stringify({ type: `copy.${kind}`, v: 1, at_ts: atMs, from, source, written, own_changes: ownChanges });
}

export function decodeCopyMark(text: string): Decoded<CopyMark> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undecodable('no JSON');
  }
  if (!isJsonObject(value) || value['v'] !== 1) return undecodable('no mark of a copy of version 1');
  const { type, at_ts: atMs, from, source, written, own_changes: ownChanges } = value;
  const kind = type === 'copy.begun' ? 'begun' : type === 'copy.done' ? 'done' : undefined;
  const isWhole =
    kind !== undefined &&
    typeof atMs === 'number' &&
    [from, source, written].every((word) => typeof word === 'string') &&
    Array.isArray(ownChanges) &&
    ownChanges.every((offset) => Number.isSafeInteger(offset));
  if (!isWhole) return undecodable('no mark of a copy of version 1');
  return decoded({
    kind,
    atMs,
    from: from as string,
    source: source as string,
    written: written as string,
    ownChanges: ownChanges as number[],
  });
}

/** Whether a record of `presence.copy`, the last one, says that the copy is whole. */
export function isCopyDone(text: string): boolean {
  const mark = decodeCopyMark(text);
  return mark.ok && mark.record.kind === 'done';
}
