// Every sentence that a decoder says has a word to be counted under.
import { decodeActivity, decodeCommand, decodeMembership } from '../index.js';
import { KEY_NOT_UTF8, VALUE_NOT_UTF8, misplaced } from '../index.js';
import { rejectionKind } from './rejection-kind.js';

const USER = '@a:hs';
const activity = (value: unknown, key: string | null = USER): string => {
  const decoded = decodeActivity(value === null ? null : JSON.stringify(value), key);
  return decoded.ok ? 'taken' : decoded.reason;
};
const sentence = (decoded: ReturnType<typeof decodeCommand> | ReturnType<typeof decodeMembership>): string =>
  decoded.ok ? 'taken' : decoded.reason;

describe('the kind of a rejection', () => {
  it.each([
    [activity(null), 'tombstone'],
    [KEY_NOT_UTF8.reason, 'not-utf8'],
    [VALUE_NOT_UTF8.reason, 'not-utf8'],
    [sentence(decodeCommand('{', USER)), 'not-json'],
    [sentence(decodeCommand('', USER)), 'not-json'],
    [activity([]), 'not-json'],
    [activity({ type: 'device.active', v: 1, user_id: USER }, '@b:hs'), 'key'],
    [activity({ type: 'device.active', v: 1, user_id: USER }, null), 'key'],
    [sentence(decodeMembership(null, 'x')), 'key'],
    [misplaced(USER, 0, 1).reason, 'partition'],
    [activity({}), 'type'],
    [activity({ type: 'poison', v: 1 }), 'type'],
    [activity({ type: 'device.active' }), 'version'],
    [activity({ type: 'device.active', v: 9 }), 'version'],
    [activity({ type: 'device.active', v: 1, user_id: 'alice' }), 'field'],
    [activity({ type: 'device.active', v: 1, user_id: USER, device_id: '' }), 'field'],
  ])('%s is %s', (reason, kind) => {
    expect(reason).not.toBe('taken');
    expect(rejectionKind(reason)).toBe(kind);
  });
});
