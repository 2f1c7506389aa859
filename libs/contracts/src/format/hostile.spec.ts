// Values that other decoders have stumbled over: huge nesting, NUL, keys of the prototype, keys that repeat.
import { decodeActivity, decodeCommand, type Decoded } from '../index.js';

const USER = '@a:hs';
const active = { type: 'device.active', v: 1, user_id: USER, device_id: 'D' };
const put = { type: 'presence.set', v: 1, user_id: USER, device_id: 'D', presence: 'online' };

const reasonOf = (result: Decoded<unknown>): string => (result.ok ? 'taken' : result.reason);

test('huge nesting, NUL and hostile keys are nothing special', () => {
  const deep = '['.repeat(200_000) + ']'.repeat(200_000);
  expect(decodeActivity(`{"type":"device.active","v":1,"user_id":"@a:hs","x":${deep}}`, USER).ok).toBe(true);
  expect(reasonOf(decodeActivity('['.repeat(1_000_000), USER))).toBe('the value is not JSON');
  expect(reasonOf(decodeActivity(JSON.stringify({ ...active, user_id: '@a\0:hs' }), USER))).toMatch(
    /^"user_id" must be/,
  );
  expect(decodeCommand(JSON.stringify({ ...put, status_msg: 'a\0b' }), USER)).toMatchObject({
    record: { input: { statusMsg: 'a\0b' } },
  });
  const hostile = '{"__proto__":{"device_id":"X"},"constructor":1,"type":"device.active","v":1,"user_id":"@a:hs"}';
  expect(decodeActivity(hostile, USER)).toEqual({
    ok: true,
    record: { userId: USER, input: { type: 'device.active' } },
  });
  expect(
    decodeActivity('{"type":"device.active","v":1,"v":2,"v":1,"user_id":"@b:hs","user_id":"@a:hs"}', USER).ok,
  ).toBe(true);
});
