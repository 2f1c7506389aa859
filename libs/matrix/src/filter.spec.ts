// Filters: the shapes that SyTest's "Check creating invalid filters returns 4xx" (ST-26) demands refused, and the rules
// `SY-X` of http.md.
import fc from 'fast-check';
import { NO_FILTER, matchesWildcard, parseFilter, presenceTest, type PresenceFilter } from './index.js';

const inTimeline = (part: object): object => ({ room: { timeline: part } });

describe('ST-26', () => {
  test.each(
    [
      { presence: 'not_an_object' },
      ...['timeline', 'state', 'ephemeral', 'private_user_data'].map((name) => ({ room: { [name]: 'not_an_object' } })),
      ...['rooms', 'not_rooms', 'senders', 'not_senders', 'types', 'not_types'].map((name) =>
        inTimeline({ [name]: 'not_a_list' }),
      ),
      inTimeline({ types: [0] }),
      inTimeline({ rooms: ['not_a_room_id'] }),
      inTimeline({ senders: ['not_a_sender_id'] }),
    ].map((filter) => JSON.stringify(filter)),
  )('%s is 400', (text) => {
    expect(parseFilter(text)).toMatchObject({ ok: false, refusal: { status: 400, body: { errcode: 'M_BAD_JSON' } } });
  });
});

describe('SY-X', () => {
  test.each([
    ['x', 'M_NOT_JSON'],
    ['[]', 'M_BAD_JSON'],
    ['{"presence":null}', 'M_BAD_JSON'],
    ['{"presence":[]}', 'M_BAD_JSON'],
    ['{"presence":{"senders":["alice"]}}', 'M_BAD_JSON'],
    ['{"presence":{"not_senders":["@a:hs",1]}}', 'M_BAD_JSON'],
    ['{"presence":{"types":"m.presence"}}', 'M_BAD_JSON'],
    ['{"presence":{"limit":-1}}', 'M_BAD_JSON'],
    ['{"presence":{"limit":1.5}}', 'M_BAD_JSON'],
    ['{"presence":{"limit":"5"}}', 'M_BAD_JSON'],
    ['{"room":[]}', 'M_BAD_JSON'],
    ['{"room":{"rooms":["x"]}}', 'M_BAD_JSON'],
    ['{"account_data":1}', 'M_BAD_JSON'],
    ['{"event_fields":"content"}', 'M_BAD_JSON'],
    ['{"event_format":"xml"}', 'M_BAD_JSON'],
  ])('%s is refused', (text, errcode) => {
    expect(parseFilter(text)).toMatchObject({ ok: false, refusal: { status: 400, body: { errcode } } });
  });

  test('what is no JSON object is called a filter: it may stand in a query', () => {
    expect(parseFilter('{bad')).toMatchObject({ refusal: { body: { error: 'The filter is not JSON' } } });
    expect(parseFilter('[]')).toMatchObject({ refusal: { body: { error: 'The filter must be a JSON object' } } });
  });

  test('unknown keys are ignored, and the source is kept as it was given', () => {
    const source = { presence: { senders: ['@a:hs'], limit: 3, colour: 'red', rooms: [] }, more: [1] };
    expect(parseFilter(JSON.stringify(source))).toEqual({
      ok: true,
      value: { presence: { senders: ['@a:hs'], limit: 3 }, source },
    });
    expect(parseFilter('{}')).toEqual({ ok: true, value: NO_FILTER });
  });

  const passes = (filter: PresenceFilter, sender = '@a:hs'): boolean => presenceTest(filter)?.(sender) ?? true;

  test.each<[PresenceFilter, boolean]>([
    [{}, true],
    [{ senders: ['@a:hs'] }, true],
    [{ senders: ['@b:hs'] }, false],
    [{ senders: [] }, false],
    [{ notSenders: ['@a:hs'] }, false],
    [{ notSenders: ['@b:hs'] }, true],
    [{ senders: ['@a:hs'], notSenders: ['@a:hs'] }, false],
    [{ types: ['m.presence'] }, true],
    [{ types: ['m.*'] }, true],
    [{ types: ['*'] }, true],
    [{ types: ['m.typing'] }, false],
    [{ types: [] }, false],
    [{ notTypes: ['m.presence'] }, false],
    [{ types: ['m.presence'], notTypes: ['*'] }, false],
    [{ notTypes: ['m.room.*'] }, true],
  ])('%j lets an event of @a:hs through: %j', (filter, expected) => {
    expect(passes(filter)).toBe(expected);
  });

  test('what restricts nothing need not be asked', () => {
    expect([presenceTest({}), presenceTest({ notSenders: [] }), presenceTest({ limit: 1 })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

test('wildcards match as a regular expression would', () => {
  const piece = fc.array(fc.constantFrom('a', 'b', '.', '*'), { maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(piece, piece, (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^]*')}$`);
      expect(matchesWildcard(pattern, text)).toBe(expression.test(text));
    }),
    { numRuns: 2_000 },
  );
});
