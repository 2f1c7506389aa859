// `presence.commands`: what is asked for users, keyed by user. Invariant: a message is stored well-formed, and only
// when there is one.
import { toWellFormed } from '#libs/matrix';
import { type Decoded } from '../format/decoded.js';
import { textField, textJson } from '../format/json-text.js';
import { keyFault } from '../format/keys.js';
import { type LineDefaults, decodeText, recordFamily } from '../format/record-family.js';
import { type CommandRecord } from './command-record.js';
import { presenceOverrideV1 } from './presence-override-v1.js';
import { presenceSetV1 } from './presence-set-v1.js';
import { userForgetV1 } from './user-forget-v1.js';

export const COMMANDS = recordFamily<CommandRecord>({
  'presence.set': [presenceSetV1],
  'presence.override': [presenceOverrideV1],
  'user.forget': [userForgetV1],
});

/** A record as it is in the topic; `keyText` null = it has no key. */
export function decodeCommand(text: string | null, keyText: string | null): Decoded<CommandRecord> {
  const result = decodeText(COMMANDS, text);
  if (!result.ok) return result;
  return keyFault(keyText, result.record.userId, 'user_id') ?? result;
}

/** A line of a door: `v` may be absent, and the key is computed. */
export function decodeCommandLine(text: string, defaults: LineDefaults): Decoded<CommandRecord> {
  return decodeText(COMMANDS, text, defaults);
}

export function encodeCommand({
  userId,
  input,
}: {
  readonly userId: string;
  readonly input: CommandRecord['input'];
}): string {
  const head = `{"type":"${input.type}","v":1,"user_id":${textJson(userId)}`;
  switch (input.type) {
    case 'presence.set': {
      const { deviceId, presence, statusMsg = '' } = input;
      const message = statusMsg === '' ? '' : textField('status_msg', toWellFormed(statusMsg));
      return `${head}${textField('device_id', deviceId)},"presence":"${presence}"${message}}`;
    }
    case 'presence.override':
      return `${head},"presence":${input.presence === undefined ? 'null' : `"${input.presence}"`}}`;
    case 'user.forget':
      return `${head}}`;
  }
}
