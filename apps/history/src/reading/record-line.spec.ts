// The shape of what `rollcall log read` prints, for every kind of key and value.
import { recordLine } from './record-line.js';

const shown = (key: Buffer | null, value: Buffer | null): unknown =>
  JSON.parse(recordLine(3, { offset: 7, timestampMs: 1000, key, value }));
const common = { partition: 3, offset: 7, timestamp: 1000, headers: {} };

describe('a record as a line', () => {
  it.each([
    ['JSON', Buffer.from('{"v":1,\n"a":[null]}'), { v: 1, a: [null] }],
    ['a tombstone', null, null],
    ['text that is not JSON', Buffer.from('{"v":1'), '{"v":1'],
    ['nothing at all', Buffer.from(''), ''],
    ['bytes that are no text', Buffer.from([0xff, 0xfe]), { base64: '//4=' }],
  ])('with %s', (_what, value, expected) => {
    expect(shown(Buffer.from('@a:hs'), value)).toEqual({ ...common, key: '@a:hs', value: expected });
  });

  it('without a key', () => {
    expect(shown(null, null)).toEqual({ ...common, key: null, value: null });
  });

  it('with a key that is no text', () => {
    expect(shown(Buffer.from([0xff]), null)).toEqual({ ...common, key: '\ufffd', value: null });
  });

  it('with headers', () => {
    const line = recordLine(0, { offset: 0, timestampMs: 0, key: null, value: null, headers: { reason: 'x' } });
    expect(JSON.parse(line)).toMatchObject({ headers: { reason: 'x' } });
  });

  it('is one line, whatever the text', () => {
    const line = recordLine(0, { offset: 0, timestampMs: 0, key: Buffer.from('a\nb'), value: Buffer.from('c\r\nd') });
    expect(line.indexOf('\n')).toBe(line.length - 1);
  });
});
