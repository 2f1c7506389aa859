// "Rejected" of design.md section 4, literally, with the sentences that tell why.
import {
  decodeActivity,
  decodeChange,
  decodeCommand,
  decodeFrame,
  decodeMembership,
  decodeProgress,
  decodeRoomPolicy,
  decodeState,
  decodeStatesRecord,
  type Decoded,
} from '../index.js';

const USER = '@a:hs';
const active = { type: 'device.active', v: 1, user_id: USER, device_id: 'D' };
const connected = { ...active, type: 'device.connected', session_id: 'S', claim: 'auto', lease_ms: 1000 };
const disconnected = { type: 'device.disconnected', v: 1, user_id: USER, device_id: 'D', session_id: 'S' };
const put = { type: 'presence.set', v: 1, user_id: USER, device_id: 'D', presence: 'online' };

const reasonOf = (result: Decoded<unknown>): string => (result.ok ? 'taken' : result.reason);
const activity = (value: unknown, key: string | null = USER): string =>
  reasonOf(decodeActivity(JSON.stringify(value), key));
const command = (value: unknown, key: string | null = USER): string =>
  reasonOf(decodeCommand(JSON.stringify(value), key));

describe('what every record must have', () => {
  test.each([
    ['', 'the value is empty'],
    ['{', 'the value is not JSON'],
    ['[]', 'the value must be a JSON object, not a list'],
    ['null', 'the value must be a JSON object, not null'],
    ['"x"', 'the value must be a JSON object, not "x"'],
    ['{}', '"type" is missing: it must be a string, one of device.connected, device.disconnected, device.active'],
    ['{"type":7}', '"type" must be a string, one of device.connected, device.disconnected, device.active, not 7'],
    ['{"type":"presence.set"}', /^"type" is "presence.set", which is unknown here: one of device.connected, /],
    ['{"type":"__proto__"}', /^"type" is "__proto__", which is unknown here/],
    ['{"type":"device.active"}', '"v" is missing: it must be a whole number'],
    ['{"type":"device.active","v":null}', '"v" is missing: it must be a whole number'],
    ['{"type":"device.active","v":"1"}', '"v" must be a whole number, not "1"'],
    ['{"type":"device.active","v":1.5}', '"v" must be a whole number, not 1.5'],
    ['{"type":"device.active","v":2}', '"v" is 2, and of device.active the versions 1 to 1 are known'],
    ['{"type":"device.active","v":0}', '"v" is 0, and of device.active the versions 1 to 1 are known'],
    ['{"type":"device.active","v":1e400}', '"v" must be a whole number, not Infinity'],
  ])('%s', (text, reason) => {
    expect(reasonOf(decodeActivity(text, USER))).toEqual(
      typeof reason === 'string' ? reason : expect.stringMatching(reason),
    );
  });

  test('an input tombstone', () => {
    const reason = 'the record has no value: a tombstone means nothing here';
    expect([reasonOf(decodeActivity(null, USER)), reasonOf(decodeCommand(null, USER))]).toEqual([reason, reason]);
  });

  test('a key that is its user_id', () => {
    expect(activity(active, '@b:hs')).toBe('the key is "@b:hs", but must be its user_id, "@a:hs"');
    expect(activity(active, null)).toBe('the record has no key: it must be its user_id, "@a:hs"');
    expect(command(put, '')).toBe('the key is "", but must be its user_id, "@a:hs"');
  });
});

describe('activity', () => {
  test.each([
    [{ ...active, user_id: undefined }, /^"user_id" is missing: it must be a Matrix user id/],
    [{ ...active, user_id: 'alice' }, /^"user_id" must be a Matrix user id .*, not "alice"$/],
    [{ ...active, user_id: 5 }, /^"user_id" must be a Matrix user id .*, not 5$/],
    [{ ...active, device_id: '' }, '"device_id" must be a device id, a string that is not empty, or absent, not ""'],
    [{ ...active, device_id: 5 }, '"device_id" must be a device id, a string that is not empty, or absent, not 5'],
    [{ ...active, ago_ms: 1.5 }, '"ago_ms" must be a whole number of milliseconds, or absent, not 1.5'],
    [{ ...active, ago_ms: '5' }, '"ago_ms" must be a whole number of milliseconds, or absent, not "5"'],
    [
      { ...active, ago_ms: 2 ** 53 },
      '"ago_ms" must be a whole number of milliseconds, or absent, not 9007199254740992',
    ],
    [
      { ...connected, device_id: undefined },
      '"device_id" is missing: it must be a device id, a string that is not empty',
    ],
    [{ ...connected, device_id: null }, '"device_id" must be a device id, a string that is not empty, not null'],
    [{ ...connected, session_id: '' }, /^"session_id" must be a session id .*, not ""$/],
    [{ ...connected, claim: 'busy' }, '"claim" must be one of auto, online, unavailable, none, not "busy"'],
    [{ ...connected, claim: undefined }, '"claim" is missing: it must be one of auto, online, unavailable, none'],
    [{ ...connected, lease_ms: 0 }, '"lease_ms" must be a whole number of milliseconds, at least 1, not 0'],
    [{ ...connected, lease_ms: 0.5 }, '"lease_ms" must be a whole number of milliseconds, at least 1, not 0.5'],
    [{ ...connected, lease_ms: 1e300 }, '"lease_ms" must be a whole number of milliseconds, at least 1, not 1e+300'],
    [{ ...disconnected, session_id: [] }, /^"session_id" must be a session id .*, not a list$/],
    [{ ...disconnected, ago_ms: {} }, '"ago_ms" must be a whole number of milliseconds, or absent, not an object'],
  ])('%j', (value, reason) => {
    expect(activity(value)).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
  });

  test('a negative ago is cut to 0, and null is absent', () => {
    expect(decodeActivity(JSON.stringify({ ...active, ago_ms: -1 }), USER)).toMatchObject({
      record: { input: { agoMs: 0 } },
    });
    expect(decodeActivity(JSON.stringify({ ...active, ago_ms: null, device_id: null }), USER)).toEqual({
      ok: true,
      record: { userId: USER, input: { type: 'device.active' } },
    });
  });
});

describe('commands', () => {
  test.each([
    [{ ...put, presence: undefined }, '"presence" is missing: it must be one of online, unavailable, offline, busy'],
    [{ ...put, presence: 'org.matrix.msc3026.busy' }, /^"presence" must be one of .*, not "org.matrix.msc3026.busy"$/],
    [{ ...put, status_msg: 5 }, '"status_msg" must be a string of at most 2048 bytes, or absent, not 5'],
    [{ ...put, device_id: undefined }, '"device_id" is missing: it must be a device id, a string that is not empty'],
    [
      { type: 'presence.override', v: 1, user_id: USER, presence: 'away' },
      /^"presence" must be one of .*, or absent, not "away"$/,
    ],
    [{ type: 'user.forget', v: 1 }, /^"user_id" is missing: it must be a Matrix user id/],
  ])('%j', (value, reason) => {
    expect(command(value)).toEqual(typeof reason === 'string' ? reason : expect.stringMatching(reason));
  });

  test('a message is limited in bytes, and a reason never repeats it', () => {
    expect(command({ ...put, status_msg: 'é'.repeat(1024) })).toBe('taken');
    expect(command({ ...put, status_msg: 'é'.repeat(1024) + 'a' })).toBe(
      '"status_msg" must be a string of at most 2048 bytes, or absent, not a string of 2049 bytes',
    );
  });
});

test('memberships and rooms', () => {
  const membership = { type: 'room.membership', v: 1, room_id: '!r:hs', user_id: USER, membership: 'join' };
  const decode = (value: unknown, key: string | null): string => reasonOf(decodeMembership(JSON.stringify(value), key));
  expect(decode(membership, '!r:hs|@b:hs')).toBe(
    'the key is "!r:hs|@b:hs", but must be its room_id|user_id, "!r:hs|@a:hs"',
  );
  expect(decode({ ...membership, room_id: 'r' }, '')).toMatch(/^"room_id" must be a Matrix room id .*, not "r"$/);
  expect(decode({ ...membership, membership: 'joined' }, '')).toMatch(/^"membership" must be one of .*, not "joined"$/);
  expect(reasonOf(decodeMembership(null, '!r:hs'))).toBe('the key of a tombstone must be room_id|user_id, not "!r:hs"');
  expect(reasonOf(decodeMembership(null, null))).toBe('the key of a tombstone must be room_id|user_id, not none');
  const policy = { type: 'room.policy', v: 1, room_id: '!r:hs', presence: 'hide' };
  expect(reasonOf(decodeRoomPolicy(JSON.stringify(policy), '!r:hs'))).toBe(
    '"presence" must be one of share, withhold, not "hide"',
  );
  expect(reasonOf(decodeRoomPolicy(null, 'r'))).toBe('the key of a tombstone must be a Matrix room id, not "r"');
});

test('our own records', () => {
  const state = {
    type: 'presence.state',
    v: 1,
    user_id: USER,
    version: 1,
    changed_ts: 5,
    presence: 'online',
    currently_active: true,
  };
  expect(reasonOf(decodeState(JSON.stringify({ ...state, version: 0 }), USER))).toBe(
    '"version" must be a version, a whole number from 1, not 0',
  );
  expect(reasonOf(decodeState(JSON.stringify({ ...state, currently_active: null }), USER))).toBe(
    '"currently_active" must be true or false, not null',
  );
  expect(reasonOf(decodeStatesRecord(null, '!progres'))).toBe(
    'the key of a tombstone must be a Matrix user id, not "!progres"',
  );
  expect(reasonOf(decodeProgress('{"type":"presence.progress","v":1,"inputs":{},"checkpoint":{}}'))).toBe(
    '"inputs.activity" is missing: it must be a position',
  );
  expect(reasonOf(decodeChange(JSON.stringify({ ...state, type: 'presence.changed' }), USER))).toMatch(
    /^"at_ts" is missing/,
  );
  const frame = {
    type: 'presence.frame',
    v: 1,
    entries: [{ user_id: USER, version: 1, changed_ts: 1, gone: true, to: [7] }],
  };
  expect(reasonOf(decodeFrame(JSON.stringify(frame)))).toMatch(/^"entries\[0\]" must be an entry: .*, not an object$/);
});

test('the records under the keys of states', () => {
  expect(decodeStatesRecord(null, USER)).toEqual({ ok: true, record: { kind: 'forgotten', userId: USER } });
  expect(reasonOf(decodeStatesRecord('{}', '!progress'))).toBe(
    '"type" is missing: it must be a string, one of presence.progress',
  );
  expect(reasonOf(decodeStatesRecord(null, '!progress'))).toBe(
    'the record has no value: a tombstone means nothing here',
  );
});
