// The record types of one topic: JSON text in, the record of whichever type and version it says out. Invariant: never
// throws; no or unknown `type` and `v` absent or above ours are reasons, unknown fields are ignored, of repeated keys
// the last counts (as JSON.parse has it).
import { isJsonObject, type JsonObject } from '#libs/matrix';
import { type Decoded, type Undecodable, undecodable } from './decoded.js';
import { quoted, shown } from './explain.js';
import { type StoredVersions } from './stored-version.js';

export type RecordFamily<T> = ReadonlyMap<string, StoredVersions<T>>;

/** What a line from a door may leave out; a stored record leaves out nothing. */
export interface LineDefaults {
  readonly v: number;
  /** For topics of one type. */
  readonly type?: string;
}

export function recordFamily<T>(types: Readonly<Record<string, StoredVersions<T>>>): RecordFamily<T> {
  return new Map(Object.entries(types));
}

export function decodeText<T>(family: RecordFamily<T>, text: string | null, defaults?: LineDefaults): Decoded<T> {
  const parsed = parseRecord(text);
  if (!parsed.ok) return parsed;
  const { record } = parsed;
  const type = record['type'] ?? defaults?.type;
  if (typeof type !== 'string') return undecodable(missingOrWrong('type', type, `a string, one of ${namesOf(family)}`));
  const versions = family.get(type);
  if (versions === undefined)
    return undecodable(`"type" is ${quoted(type)}, which is unknown here: one of ${namesOf(family)} is`);
  const v = record['v'] ?? defaults?.v;
  if (typeof v !== 'number' || !Number.isInteger(v)) return undecodable(missingOrWrong('v', v, 'a whole number'));
  const version = versions[v - 1];
  if (version === undefined)
    return undecodable(`"v" is ${v}, and of ${type} the versions 1 to ${versions.length} are known`);
  return version.decode(record['type'] === type && record['v'] === v ? record : { ...record, type, v });
}

function missingOrWrong(name: string, value: unknown, wanted: string): string {
  if (value === undefined || value === null) return `"${name}" is missing: it must be ${wanted}`;
  return `"${name}" must be ${wanted}, not ${shown(value)}`;
}

function namesOf(family: RecordFamily<unknown>): string {
  return [...family.keys()].join(', ');
}

function parseRecord(text: string | null): { readonly ok: true; readonly record: JsonObject } | Undecodable {
  if (text === null) return undecodable('the record has no value: a tombstone means nothing here');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undecodable(text.trim() === '' ? 'the value is empty' : 'the value is not JSON');
  }
  if (!isJsonObject(value)) return undecodable(`the value must be a JSON object, not ${shown(value)}`);
  return { ok: true, record: value };
}
