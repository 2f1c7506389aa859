// The records of both inputs as the fold takes them. Invariant: whoever folds the inputs again reads them by this, so that what was
// rejected then is passed over now.
import { INPUTS, KEY_NOT_UTF8, VALUE_NOT_UTF8, decodeActivity, decodeCommand } from '#libs/contracts';
import type { LogRecord } from '#libs/event-log';
import { textOf } from './record-text.js';

const ACTIVITY = INPUTS.indexOf('activity');

export type InputRead = ReturnType<typeof decodeActivity> | ReturnType<typeof decodeCommand>;

/** What an input record says, or why it is rejected. `input` is the index in INPUTS. */
export function decodeInput(input: number, { key, value }: LogRecord): InputRead {
  const keyText = key === null ? null : textOf(key);
  if (keyText === undefined) return KEY_NOT_UTF8;
  const text = value === null ? null : textOf(value);
  if (text === undefined) return VALUE_NOT_UTF8;
  return input === ACTIVITY ? decodeActivity(text, keyText) : decodeCommand(text, keyText);
}
