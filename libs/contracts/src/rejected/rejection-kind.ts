// A rejection's sentence as one of a few words, for whoever counts them. Invariant: the words are a fixed list, whatever a
// record holds; a sentence that fits none is a field's.

export const REJECTION_KINDS = [
  'tombstone',
  'not-utf8',
  'not-json',
  'key',
  'partition',
  'type',
  'version',
  'field',
] as const;
export type RejectionKind = (typeof REJECTION_KINDS)[number];

const BEGINNINGS: readonly (readonly [string, RejectionKind])[] = [
  ['the record has no value', 'tombstone'],
  ['the key of a tombstone', 'key'],
  ['the key is not UTF-8', 'not-utf8'],
  ['the value is not UTF-8', 'not-utf8'],
  ['the value', 'not-json'],
  ['the record has no key', 'key'],
  ['the key', 'key'],
  ['"type"', 'type'],
  ['"v"', 'version'],
];

export function rejectionKind(reason: string): RejectionKind {
  if (/ belongs to partition \d/.test(reason)) return 'partition';
  return BEGINNINGS.find(([beginning]) => reason.startsWith(beginning))?.[1] ?? 'field';
}
