// What clients send about presence: the bodies of PUT and the `set_presence` of /sync. Invariant: a request becomes a
// value that needs no further check, or the answer that refuses it; unknown keys are ignored.
import type { Parsed } from './errors.js';
import { refused } from './errors.js';
import { parseJsonObject } from './json.js';
import type { PresenceWord } from './presence-content.js';
import { presenceWord } from './presence-content.js';
import { exceedsUtf8, toWellFormed } from './utf8.js';

export const MAX_STATUS_BYTES = 2048;

export interface PresencePut {
  readonly presence: PresenceWord;
  /** Absent = none: an absent, null or empty message clears. */
  readonly statusMsg?: string;
}

export interface OverridePut {
  /** Absent = the override is lifted. */
  readonly presence?: PresenceWord;
}

/** What a poll says of its user; the presence room's Claim has these words. */
export type SyncClaim = 'auto' | 'online' | 'unavailable' | 'none';

const STATES = 'online, unavailable, offline, busy';

/** PUT …/presence/{userId}/status. */
export function parsePresencePut(text: string): Parsed<PresencePut> {
  const body = parseJsonObject(text);
  if (!body.ok) return body;
  const { presence, status_msg: message } = body.value;
  if (presence === undefined || presence === null) return refused('M_BAD_JSON', '"presence" is missing');
  if (typeof presence !== 'string') return refused('M_BAD_JSON', '"presence" must be a string');
  const word = presenceWord(presence);
  if (word === undefined) return refused('M_INVALID_PARAM', `"presence" must be one of ${STATES}`);
  if (message === undefined || message === null || message === '') return { ok: true, value: { presence: word } };
  if (typeof message !== 'string') return refused('M_BAD_JSON', '"status_msg" must be a string');
  if (exceedsUtf8(message, MAX_STATUS_BYTES)) {
    return refused('M_TOO_LARGE', `"status_msg" is longer than ${MAX_STATUS_BYTES} bytes`);
  }
  return { ok: true, value: { presence: word, statusMsg: toWellFormed(message) } };
}

/** PUT …/presence/{userId}/override (MSC4043): a state, or null to lift it. */
export function parseOverridePut(text: string): Parsed<OverridePut> {
  const body = parseJsonObject(text);
  if (!body.ok) return body;
  const { presence } = body.value;
  if (presence === undefined || presence === null) return { ok: true, value: {} };
  if (typeof presence !== 'string') return refused('M_BAD_JSON', '"presence" must be a string or null');
  const word = presenceWord(presence);
  if (word === undefined) return refused('M_INVALID_PARAM', `"presence" must be null or one of ${STATES}`);
  return { ok: true, value: { presence: word } };
}

/** The query parameter of /sync; undefined = absent = we watch for idleness ourselves. */
export function parseSetPresence(parameter: unknown): Parsed<SyncClaim> {
  switch (parameter) {
    case undefined:
      return { ok: true, value: 'auto' };
    case 'online':
    case 'unavailable':
      return { ok: true, value: parameter };
    case 'offline':
      return { ok: true, value: 'none' };
    default:
      return refused('M_INVALID_PARAM', '"set_presence" must be one of online, unavailable, offline');
  }
}
