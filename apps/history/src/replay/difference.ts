// A place where the history is not what its inputs make: what it is called, and the sentence that says it. Invariant: a sentence
// names the record, what is wrong with it, and what was expected.
import type { ChangeRecord } from '#libs/contracts';
import { decodeChange } from '#libs/contracts';
import type { Aggregate } from '#libs/presence';
import type { PartitionRefold } from './partition-refold.js';
import type { StoredChange } from './stored-change.js';
import type { ToldChange } from './told-change.js';

/**
 * `changed`: the change is there with other content; `missing`: the inputs make one that is not there; `repeated`: one stands there
 * again or out of its place; `unexpected`: the inputs do not make it; `unreadable`: it is none of ours.
 */
export type DifferenceKind = 'changed' | 'missing' | 'repeated' | 'unexpected' | 'unreadable';

export interface Difference {
  readonly kind: DifferenceKind;
  /** Of the record in `presence.changes`, or of where one lacks. */
  readonly offset: number;
  readonly userId: string;
  readonly sentence: string;
  /** As stored; absent = nothing is expected here. */
  readonly expected?: unknown;
  readonly found?: unknown;
}

export function unreadable(offset: number, { userId, text, record }: StoredChange): Difference {
  const sentence = `offset ${offset} cannot be read: ${typeof record === 'string' ? record : 'its applied offsets are broken'}`;
  return { kind: 'unreadable', offset, userId, sentence, found: text };
}

/** The change that the inputs make is not there, and nothing else is. */
export function missing(offset: number, { userId, text, change }: ToldChange): Difference {
  const sentence = `before offset ${offset}, ${nameOf(change)} of ${userId} is missing: the inputs make it at ${timeOf(change.atMs)}`;
  return { kind: 'missing', offset, userId, sentence, expected: JSON.parse(text) };
}

/** The inputs make another change than the one that is there; undefined = they say the same in other words. */
export function unequal(
  offset: number,
  stored: StoredChange,
  told: ToldChange,
  refold: PartitionRefold,
): Difference | undefined {
  const { record, userId } = stored;
  if (typeof record === 'string') return unreadable(offset, stored);
  const wanted = decoded(told);
  if (
    userId !== told.userId ||
    record.life !== wanted.life ||
    record.version !== wanted.version ||
    record.kind !== wanted.kind
  )
    return misplaced(offset, stored, told, refold.users.get(userId));
  const fields = fieldsThatDiffer(wanted, record).filter(
    (name) => name !== 'applied' || !isSameMoment(wanted, record, refold),
  );
  if (fields.length === 0) return undefined;
  const sentence = `offset ${offset}, ${nameOf(wanted)} of ${userId}, was changed: ${fields.join(', ')} ${fields.length === 1 ? 'differs' : 'differ'} from what the inputs make`;
  return { kind: 'changed', offset, userId, sentence, expected: JSON.parse(told.text), found: JSON.parse(stored.text) };
}

/** The inputs make nothing here. */
export function repeatedOrUnexpected(offset: number, stored: StoredChange, here: Aggregate | undefined): Difference {
  const { record, userId } = stored;
  if (typeof record === 'string') return unreadable(offset, stored);
  const found = JSON.parse(stored.text) as unknown;
  if (here !== undefined && isOld(record, here)) {
    const sentence = `offset ${offset} holds ${nameOf(record)} of ${userId} again, or out of its place`;
    return { kind: 'repeated', offset, userId, sentence, found };
  }
  const sentence = `offset ${offset}, ${nameOf(record)} of ${userId}, is not made by the inputs there`;
  return { kind: 'unexpected', offset, userId, sentence, found };
}

function misplaced(offset: number, stored: StoredChange, told: ToldChange, here: Aggregate | undefined): Difference {
  const record = stored.record as ChangeRecord;
  const expected = JSON.parse(told.text) as unknown;
  if (here !== undefined && stored.userId !== told.userId && isOld(record, here)) {
    return { ...repeatedOrUnexpected(offset, stored, here), expected };
  }
  if (stored.userId === told.userId && (record.life < told.change.life || record.version < told.change.version)) {
    return { ...repeatedOrUnexpected(offset, stored, here), kind: 'repeated', expected };
  }
  const sentence = `at offset ${offset} the inputs make ${nameOf(told.change)} of ${told.userId}, but the log has ${nameOf(record)} of ${stored.userId} there: it was removed, or stands elsewhere`;
  return { kind: 'missing', offset, userId: told.userId, sentence, expected, found: JSON.parse(stored.text) };
}

function isOld({ kind, life, version }: ChangeRecord, here: Aggregate): boolean {
  if (life !== here.life) return life < here.life;
  return kind === 'changed' && version <= here.version;
}

/** Later offsets that hold nothing may count as taken in the record, and not here. */
function isSameMoment(wanted: ChangeRecord, { applied }: ChangeRecord, { feeds }: PartitionRefold): boolean {
  return (['activity', 'commands'] as const).every((name, input) => {
    const [here, there] = [wanted.applied[name] ?? -1, applied[name] ?? -1];
    const next = feeds[input]!.head?.offset ?? feeds[input]!.position;
    return here === there || (there > here && next > there);
  });
}

function fieldsThatDiffer(wanted: ChangeRecord, found: ChangeRecord): string[] {
  const [one, other] = [wanted as unknown as Record<string, unknown>, found as unknown as Record<string, unknown>];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].filter((name) => canonical(one[name]) !== canonical(other[name]));
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  );
}

function decoded({ text, userId }: ToldChange): ChangeRecord {
  const result = decodeChange(text, userId);
  if (!result.ok) throw new Error(`a change of our own cannot be read: ${result.reason}`);
  return result.record;
}

function nameOf({
  kind,
  life,
  version,
}: {
  readonly kind: string;
  readonly life: number;
  readonly version: number;
}): string {
  const of = life === 0 ? '' : ` of life ${life}`;
  return kind === 'forgotten' ? `the erasure${of}` : `change ${version}${of}`;
}

function timeOf(atMs: number): string {
  return new Date(atMs).toISOString();
}
