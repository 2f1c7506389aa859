// The splice against JSON.parse: whatever the body and however it is cut into pieces.
import * as fc from 'fast-check';
import { JsonSplice, type SpliceOptions } from './json-splice.js';

const OPTIONS: SpliceOptions = {
  tokenKey: 'next_batch',
  replaceToken: (token) => `ours~${token}`,
  dropKey: 'presence',
  captureKeys: ['device_one_time_keys_count'],
  front: '"presence":{"events":[1]}',
};

function through(
  body: Buffer,
  cuts: readonly number[],
  options: SpliceOptions = OPTIONS,
): { text: string; splice: JsonSplice } {
  const splice = new JsonSplice(options);
  const parts: Buffer[] = [];
  let from = 0;
  for (const cut of [...new Set(cuts.map((at) => at % (body.length + 1)))].sort((a, b) => a - b).concat(body.length)) {
    for (const part of splice.push(body.subarray(from, cut))) parts.push(Buffer.from(part));
    from = cut;
  }
  return { text: Buffer.concat(parts).toString('utf8'), splice };
}

/** Strings that look like structure, keys that look like ours inside, text of any script. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('next_batch', 'presence', '"},{"', '\\', '\\"', 'a\\\\"b', '{"next_batch":"x"}', 'é漢字🙂'),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    tie('list'),
    tie('record'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }),
  record: fc.dictionary(text, tie('value'), { maxKeys: 4, noNullPrototype: true }),
}));
const body = fc
  .tuple(
    fc.dictionary(
      fc.oneof(text, fc.constantFrom('rooms', 'to_device', 'presence', 'device_one_time_keys_count')),
      value,
      {
        maxKeys: 6,
        noNullPrototype: true,
      },
    ),
    fc.option(text),
    fc.constantFrom(undefined, 1, 2),
  )
  .map(([members, token, indent]) => {
    const all = { ...members };
    delete all['next_batch'];
    return { members: token === null ? all : { ...all, next_batch: token }, indent };
  })
  .filter(({ members }) => !('__proto__' in { ...members } && Object.hasOwn(members, '__proto__')));

describe('a spliced body', () => {
  it('holds ours, the new token, and everything else as it was', () => {
    fc.assert(
      fc.property(body, fc.array(fc.nat()), ({ members, indent }, cuts) => {
        const { text: out, splice } = through(Buffer.from(JSON.stringify(members, undefined, indent)), cuts);
        const expected: Record<string, unknown> = { ...members, presence: { events: [1] } };
        if (typeof members['next_batch'] === 'string') expected['next_batch'] = `ours~${members['next_batch']}`;
        expect(JSON.parse(out)).toEqual(expected);
        expect(splice.token).toBe(members['next_batch']);
        const counts = members['device_one_time_keys_count'];
        expect(splice.captured === '' ? undefined : (JSON.parse(`{${splice.captured}}`) as object)).toEqual(
          counts === undefined ? undefined : { device_one_time_keys_count: counts },
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('passes the bytes of other members through as they are, spaces and escapes included', () => {
    const { text: out } = through(
      Buffer.from('{ "rooms" : { "a\\u0041" : 1.0e3 } , "next_batch" : "s1" }'),
      [3, 9, 17, 40],
    );
    expect(out).toBe('{"presence":{"events":[1]},"rooms":{ "a\\u0041" : 1.0e3 } ,"next_batch":"ours~s1"}');
  });

  it.each(['', '[]', 'null', '"{}"', 'Bad Gateway', '{'])('that is no whole object passes: %j', (odd) => {
    expect(through(Buffer.from(odd), [1]).text).toBe(odd === '{' ? '{"presence":{"events":[1]}' : odd);
  });

  it.each([
    ['{"pos":"1"}', { pos: 'ours~1', extensions: { presence: 1 } }],
    ['{"extensions":{},"pos":"1"}', { pos: 'ours~1', extensions: { presence: 1 } }],
    [
      '{"extensions":{ "e2ee":{"extensions":{}} },"pos":"1"}',
      { pos: 'ours~1', extensions: { presence: 1, e2ee: { extensions: {} } } },
    ],
  ])('takes ours inside another object: %s', (given, expected) => {
    const options = {
      tokenKey: 'pos',
      replaceToken: (pos: string) => `ours~${pos}`,
      front: '"presence":1',
      frontInside: 'extensions',
    };
    for (let cut = 0; cut < given.length; cut += 1)
      expect(JSON.parse(through(Buffer.from(given), [cut], options).text)).toEqual(expected);
  });

  it('keeps no more of a large body than the piece at hand', () => {
    const splice = new JsonSplice(OPTIONS);
    splice.push(Buffer.from('{"next_batch":"s","rooms":"'));
    const piece = Buffer.alloc(64 * 1024, 'x');
    let sent = 0;
    for (let index = 0; index < 200; index += 1) for (const part of splice.push(piece)) sent += part.length;
    expect(sent).toBe(200 * piece.length);
  });
});
