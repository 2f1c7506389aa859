// Issue 3, "Input and output by others": what a line may leave out, and how bad ones are told.
import {
  readActivityLine,
  readCommandLine,
  readMembershipCsvLine,
  readMembershipLine,
  readRoomPolicyLine,
} from '../index.js';

test('`v` may be absent, and the key is computed', () => {
  expect(readActivityLine('{"type":"device.active","user_id":"@a:hs"}')).toEqual({
    kind: 'record',
    topic: 'activity',
    key: '@a:hs',
    value: '{"type":"device.active","v":1,"user_id":"@a:hs"}',
  });
  expect(
    readCommandLine(
      '{"presence":"busy","type":"presence.set","v":1,"user_id":"@a:hs","device_id":"D","status_msg":null,"x":1}',
    ),
  ).toEqual({
    kind: 'record',
    topic: 'commands',
    key: '@a:hs',
    value: '{"type":"presence.set","v":1,"user_id":"@a:hs","device_id":"D","presence":"busy"}',
  });
});

test('so may `type` for memberships and rooms, and for nothing else', () => {
  expect(readMembershipLine('{"room_id":"!r:hs","user_id":"@a:hs","membership":"join"}')).toEqual({
    kind: 'record',
    topic: 'memberships',
    key: '!r:hs|@a:hs',
    value: '{"type":"room.membership","v":1,"room_id":"!r:hs","user_id":"@a:hs","membership":"join"}',
  });
  expect(readRoomPolicyLine('{"room_id":"!r:hs","presence":"withhold"}')).toMatchObject({
    topic: 'rooms',
    key: '!r:hs',
  });
  expect(readActivityLine('{"user_id":"@a:hs"}')).toMatchObject({ kind: 'bad' });
});

test.each([
  ['{"type":"device.active","v":2,"user_id":"@a:hs"}', '"v" is 2, and of device.active the versions 1 to 1 are known'],
  [
    '{"type":"device.active","user_id":"a"}',
    '"user_id" must be a Matrix user id (@localpart:server, at most 255 bytes), not "a"',
  ],
  ['x', 'the value is not JSON'],
])('%s is bad', (line, error) => {
  expect(readActivityLine(line)).toEqual({ kind: 'bad', error });
});

test('a type of another topic is bad', () => {
  expect(readMembershipLine('{"type":"room.policy","room_id":"!r:hs","presence":"share"}')).toMatchObject({
    kind: 'bad',
  });
});

test.each(['', '   ', '\r', '\uFEFF'])('%j is nothing', (line) => {
  expect(readActivityLine(line)).toEqual({ kind: 'nothing' });
  expect(readMembershipCsvLine(line, 5)).toEqual({ kind: 'nothing' });
});

test('a byte order mark and a carriage return are no part of a line', () => {
  expect(readActivityLine('\uFEFF{"type":"device.active","user_id":"@a:hs"}\r')).toMatchObject({ kind: 'record' });
});

describe('CSV', () => {
  test.each([
    ['!r:hs,@a:hs,join', '!r:hs|@a:hs'],
    ['!r:hs, @a:hs , leave\r', '!r:hs|@a:hs'],
    ['"!r,1:hs","@a""b:hs",ban', '!r,1:hs|@a"b:hs'],
    ['"!r:hs",@a:hs,"invite"', '!r:hs|@a:hs'],
    ['\uFEFF!r:hs,@a:hs,knock', '!r:hs|@a:hs'],
  ])('%s', (line, key) => {
    expect(readMembershipCsvLine(line, 1)).toMatchObject({ kind: 'record', topic: 'memberships', key });
  });

  test('a header is one only at the top', () => {
    expect(readMembershipCsvLine('room_id,user_id,membership', 1)).toEqual({ kind: 'nothing' });
    expect(readMembershipCsvLine('"Room_ID", user_id,membership\r', 1)).toEqual({ kind: 'nothing' });
    expect(readMembershipCsvLine('room_id,user_id,membership', 2)).toMatchObject({ kind: 'bad' });
  });

  test.each([
    ['!r:hs,@a:hs', 'the line has 2 fields, but must have 3: room_id,user_id,membership'],
    ['!r:hs,@a:hs,join,x', 'the line has 4 fields, but must have 3: room_id,user_id,membership'],
    ['!r:hs,@a:hs,joined', '"membership" must be one of join, leave, invite, knock, ban, not "joined"'],
    ['"!r:hs,@a:hs,join', 'the quotes of this line do not match'],
    ['!r"x:hs,@a:hs,join', 'the quotes of this line do not match'],
  ])('%s is bad', (line, error) => {
    expect(readMembershipCsvLine(line, 3)).toEqual({ kind: 'bad', error });
  });
});
