// What becomes of a type when it gets a second version: the old bytes still decode, into what the new code works with.
import { Type } from '@sinclair/typebox';
import { decodeText, recordFamily } from './record-family.js';
import { storedVersion } from './stored-version.js';

interface Greeting {
  readonly words: readonly string[];
}

const greetingV1 = storedVersion(
  Type.Object({ type: Type.Literal('greeting'), v: Type.Literal(1), text: Type.String({ description: 'a text' }) }),
  ({ text }): Greeting => ({ words: text.split(' ') }),
);
const greetingV2 = storedVersion(
  Type.Object({ type: Type.Literal('greeting'), v: Type.Literal(2), words: Type.Array(Type.String()) }),
  ({ words }): Greeting => ({ words }),
);
const family = recordFamily<Greeting>({ greeting: [greetingV1, greetingV2] });

test.each([
  ['{"type":"greeting","v":1,"text":"good day"}', { ok: true, record: { words: ['good', 'day'] } }],
  ['{"type":"greeting","v":2,"words":["good","day"]}', { ok: true, record: { words: ['good', 'day'] } }],
  ['{"type":"greeting","v":1,"words":[]}', { ok: false, reason: '"text" is missing: it must be a text' }],
  ['{"type":"greeting","v":3}', { ok: false, reason: '"v" is 3, and of greeting the versions 1 to 2 are known' }],
])('%s', (text, result) => {
  expect(decodeText(family, text)).toEqual(result);
});

test('a line may leave out what its door says', () => {
  expect(decodeText(family, '{"text":"hi"}', { v: 1, type: 'greeting' })).toEqual({
    ok: true,
    record: { words: ['hi'] },
  });
  expect(decodeText(family, '{"text":"hi"}', { v: 1 })).toMatchObject({ ok: false });
  expect(decodeText(family, '{"v":2,"type":null,"words":[]}', { v: 1, type: 'greeting' })).toEqual({
    ok: true,
    record: { words: [] },
  });
});
