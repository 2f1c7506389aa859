// Frames from shared pieces, vectors in headers and metadata, events for recipients, rejections.
import { isUserId, utf8Length } from '#libs/matrix';
import {
  FRAME_OVERHEAD_BYTES,
  decodeFanoutPosition,
  decodeFrame,
  decodeFrameHeaders,
  decodeRecipientEvent,
  decodeRejection,
  decodeVector,
  encodeFanoutPosition,
  encodeRecipientEvent,
  frameEntryHead,
  frameEntryText,
  frameHeaders,
  frameRecipient,
  frameText,
  positionsOf,
  vectorOf,
} from '../index.js';

const view = { presence: 'busy', currentlyActive: true, statusMsg: 'hi', lastActiveAtMs: 900 } as const;

test('a frame made of pieces is a frame, and its size is theirs', () => {
  const head = frameEntryHead({ kind: 'shown', userId: '@a:hs', life: 0, version: 7, changedAtMs: 5, view });
  const gone = frameEntryHead({ kind: 'gone', userId: '@é:hs', life: 1, version: 0, changedAtMs: 6 });
  const entries = [frameEntryText(head, ['@b:hs', '@"c:hs'].map(frameRecipient)), frameEntryText(gone, [])];
  const text = frameText(entries);
  expect(text).toContain('{"user_id":"@é:hs","life":1,"version":0,"changed_ts":6,"gone":true,"to":[]}');
  expect(decodeFrame(text)).toEqual({
    ok: true,
    record: {
      entries: [
        { kind: 'shown', userId: '@a:hs', life: 0, version: 7, changedAtMs: 5, view, to: ['@b:hs', '@"c:hs'] },
        { kind: 'gone', userId: '@é:hs', life: 1, version: 0, changedAtMs: 6, to: [] },
      ],
    },
  });
  expect(Buffer.byteLength(text)).toBe(
    FRAME_OVERHEAD_BYTES + entries.reduce((sum, entry) => sum + utf8Length(entry), 0) + 1,
  );
});

test('vectors: a partition that is not named stands at 0', () => {
  const vector = decodeVector('{"2":7,"0":1}');
  expect(vector.ok && positionsOf(vector.record)).toEqual([1, 0, 7]);
  expect(positionsOf(new Map())).toEqual([]);
  expect([...vectorOf([4, 5])]).toEqual([
    [0, 4],
    [1, 5],
  ]);
});

test.each([
  '',
  'null',
  '[]',
  '{"x":1}',
  '{"-1":1}',
  '{"01":1}',
  '{"0":-1}',
  '{"0":1.5}',
  '{"0":"1"}',
  '{"999999999":1}',
  '{"__proto__":1}',
])('the vector %s is none', (text) => {
  expect(decodeVector(text)).toMatchObject({ ok: false });
});

test('the headers of a frame say of what it was made', () => {
  const headers = frameHeaders({ memberships: [3, 4], rooms: new Map([[1, 2]]), changes: new Map([[5, 120]]) });
  expect(headers).toEqual({ memberships: '{"0":3,"1":4}', rooms: '{"1":2}', changes: '{"5":120}' });
  expect(decodeFrameHeaders(headers)).toEqual({
    ok: true,
    record: {
      memberships: new Map([
        [0, 3],
        [1, 4],
      ]),
      rooms: new Map([[1, 2]]),
      changes: new Map([[5, 120]]),
    },
  });
  expect(decodeFrameHeaders(undefined)).toEqual({ ok: false, reason: 'header memberships: the vector is missing' });
});

test('metadata that is not ours is no position', () => {
  const metadata = encodeFanoutPosition({ memberships: [1], rooms: [2] });
  expect(decodeFanoutPosition(metadata)).toEqual({
    ok: true,
    record: { memberships: new Map([[0, 1]]), rooms: new Map([[0, 2]]) },
  });
  for (const foreign of [
    undefined,
    '',
    'x',
    '{}',
    '{"memberships":{},"rooms":{}}',
    '{"type":"fanout.position","v":2}',
    '{"type":"fanout.position","v":1}',
  ]) {
    expect(decodeFanoutPosition(foreign)).toMatchObject({ ok: false });
  }
});

describe('a recipient’s topic', () => {
  test('holds events as clients see them, busy as busy', () => {
    const written = encodeRecipientEvent({ sender: '@a:hs', view, life: 1, version: 7 }, 1000);
    expect(written).toEqual({
      key: '@a:hs',
      value:
        '{"type":"m.presence","sender":"@a:hs","content":{"presence":"busy","last_active_ago":100,"currently_active":true,"status_msg":"hi"}}',
      headers: { version: '7', last_active_ts: '900', life: '1' },
    });
    expect(decodeRecipientEvent(written)).toEqual({
      ok: true,
      record: {
        sender: '@a:hs',
        life: 1,
        version: 7,
        content: { presence: 'busy', last_active_ago: 100, currently_active: true, status_msg: 'hi' },
      },
    });
  });

  test('a tombstone is not shared, and foreign records are older than everything', () => {
    expect(decodeRecipientEvent({ key: '@a:hs', value: null })).toEqual({
      ok: true,
      record: { sender: '@a:hs', life: 0, version: 0 },
    });
    const value = '{"type":"m.presence","sender":"@a:hs","content":{"presence":"offline"}}';
    expect(decodeRecipientEvent({ key: '@a:hs', value, headers: { version: 'x' } })).toMatchObject({
      ok: true,
      record: { version: 0 },
    });
    expect(decodeRecipientEvent({ key: '@b:hs', value })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('must be its sender'),
    });
    expect(decodeRecipientEvent({ key: null, value })).toMatchObject({ ok: false });
    expect(isUserId('@a:hs')).toBe(true);
  });
});

test('rejections carry where and why in headers', () => {
  const rejected = { reason: 'the value is not JSON', topic: 'presence.activity', partition: 3, offset: 17 };
  const headers = { ...rejected, partition: '3', offset: '17' };
  expect(decodeRejection(headers)).toEqual({ ok: true, record: rejected });
  expect(decodeRejection({ reason: 'x' })).toMatchObject({ ok: false });
  expect(decodeRejection({ ...headers, offset: '' })).toMatchObject({ ok: false });
});
