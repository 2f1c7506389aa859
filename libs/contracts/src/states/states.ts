// `presence.states`: the latest public view of every user, and the progress of every partition. Invariant: the key
// tells the two apart; a tombstone under a user id means that this user was forgotten.
import { isUserId, type UserId } from '#libs/matrix';
import { type Decoded, decoded, undecodable } from '../format/decoded.js';
import { quoted } from '../format/explain.js';
import { PROGRESS_KEY, keyFault } from '../format/keys.js';
import { decodeText, recordFamily } from '../format/record-family.js';
import { numberField, textJson } from '../format/json-text.js';
import { viewJson, writtenLife } from '../format/view-fields.js';
import { type ProgressRecord, presenceProgressV1 } from './presence-progress-v1.js';
import { type StateRecord, presenceStateV1 } from './presence-state-v1.js';

export const STATES = recordFamily<StateRecord>({ 'presence.state': [presenceStateV1] });
export const PROGRESS = recordFamily<ProgressRecord>({ 'presence.progress': [presenceProgressV1] });

/** Whatever a record of the topic can be. */
export type StatesRecord =
  | { readonly kind: 'state'; readonly state: StateRecord }
  | { readonly kind: 'forgotten'; readonly userId: UserId }
  | { readonly kind: 'progress'; readonly progress: ProgressRecord };

export function decodeStatesRecord(text: string | null, keyText: string | null): Decoded<StatesRecord> {
  if (keyText === PROGRESS_KEY) {
    const progress = decodeProgress(text);
    return progress.ok ? decoded({ kind: 'progress', progress: progress.record }) : progress;
  }
  if (text === null) {
    if (keyText === null || !isUserId(keyText)) {
      return undecodable(
        `the key of a tombstone must be a Matrix user id, not ${keyText === null ? 'none' : quoted(keyText)}`,
      );
    }
    return decoded({ kind: 'forgotten', userId: keyText });
  }
  const state = decodeState(text, keyText);
  return state.ok ? decoded({ kind: 'state', state: state.record }) : state;
}

export function decodeState(text: string | null, keyText: string | null): Decoded<StateRecord> {
  const result = decodeText(STATES, text);
  if (!result.ok) return result;
  return keyFault(keyText, result.record.userId, 'user_id') ?? result;
}

export function decodeProgress(text: string | null): Decoded<ProgressRecord> {
  return decodeText(PROGRESS, text);
}

export function encodeState(record: Omit<StateRecord, 'userId'> & { readonly userId: string }): string {
  const { userId, life, version, changedAtMs, view } = record;
  const stamp = `${numberField('life', writtenLife(life))},"version":${version},"changed_ts":${changedAtMs}`;
  return `{"type":"presence.state","v":1,"user_id":${textJson(userId)}${stamp},${viewJson(view)}}`;
}
