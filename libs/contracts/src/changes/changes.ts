// `presence.changes`: the history. Invariant: within a life of a user the versions are 1, 2, 3 …, and an erasure is
// told in its place among them.
import { type Decoded } from '../format/decoded.js';
import { keyFault } from '../format/keys.js';
import { decodeText, recordFamily } from '../format/record-family.js';
import { numberField, textJson } from '../format/json-text.js';
import { viewJson, writtenLife } from '../format/view-fields.js';
import {
  type Applied,
  type Cause,
  type ChangeRecord,
  type ForgottenRecord,
  type ViewChangeRecord,
} from './change-record.js';
import { presenceChangedV1 } from './presence-changed-v1.js';
import { presenceForgottenV1 } from './presence-forgotten-v1.js';

export const CHANGES = recordFamily<ChangeRecord>({
  'presence.changed': [presenceChangedV1],
  'presence.forgotten': [presenceForgottenV1],
});

export function decodeChange(text: string | null, keyText: string | null): Decoded<ChangeRecord> {
  const result = decodeText(CHANGES, text);
  if (!result.ok) return result;
  return keyFault(keyText, result.record.userId, 'user_id') ?? result;
}

type Loose<T> = Omit<T, 'userId'> & { readonly userId: string };

export function encodeChange(record: Loose<ViewChangeRecord> | Loose<ForgottenRecord>): string {
  const { userId, life, version, atMs, cause, applied } = record;
  const stamp = `"v":1,"user_id":${textJson(userId)}${numberField('life', writtenLife(life))},"version":${version},"at_ts":${atMs}`;
  const circumstances = `"cause":${causeJson(cause)},"applied":${appliedJson(applied)}`;
  if (record.kind === 'forgotten') return `{"type":"presence.forgotten",${stamp},${circumstances}}`;
  const views = `${viewJson(record.view)},"before":{${viewJson(record.before)}}`;
  return `{"type":"presence.changed",${stamp},${views},${circumstances}}`;
}

function causeJson(cause: Cause): string {
  return 'timer' in cause ? `{"timer":"${cause.timer}"}` : `{"topic":"${cause.topic}","offset":${cause.offset}}`;
}

function appliedJson({ activity, commands }: Applied): string {
  // The first of the fields that are there has no comma before it.
  return `{${(numberField('activity', activity) + numberField('commands', commands)).slice(1)}}`;
}
