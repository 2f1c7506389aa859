// semantics.md section 10: what a PUT and a poll may say, and how they are refused.
import {
  limitExceeded,
  parseOverridePut,
  parsePresencePut,
  parseSetPresence,
  refusal,
  retryAfterSeconds,
  type Parsed,
} from './index.js';

const answerTo = (parsed: Parsed<unknown>): unknown =>
  parsed.ok ? parsed.value : [parsed.refusal.status, parsed.refusal.body.errcode];

describe('PUT status', () => {
  test.each([
    ['{"presence":"online"}', { presence: 'online' }],
    ['{"presence":"online","status_msg":"hi"}', { presence: 'online', statusMsg: 'hi' }],
    ['{"presence":"online","status_msg":null}', { presence: 'online' }],
    ['{"presence":"online","status_msg":""}', { presence: 'online' }],
    ['{"presence":"busy"}', { presence: 'busy' }],
    ['{"presence":"org.matrix.msc3026.busy"}', { presence: 'busy' }],
    ['{"presence":"offline","other":[1]}', { presence: 'offline' }],
    ['{"presence":"offline","__proto__":{"status_msg":"x"}}', { presence: 'offline' }],
    ['{"presence":"online","status_msg":"\\ud800"}', { presence: 'online', statusMsg: '\ufffd' }],
    ['{"presence":"online","status_msg":"\\u0000"}', { presence: 'online', statusMsg: '\0' }],
    ['{"presence":"offline","presence":"online"}', { presence: 'online' }],
  ])('%s is taken', (body, put) => {
    expect(answerTo(parsePresencePut(body))).toEqual(put);
  });

  test.each([
    ['', 400, 'M_NOT_JSON'],
    ['{', 400, 'M_NOT_JSON'],
    ['[]', 400, 'M_BAD_JSON'],
    ['null', 400, 'M_BAD_JSON'],
    ['"online"', 400, 'M_BAD_JSON'],
    ['{}', 400, 'M_BAD_JSON'],
    ['{"presence":null}', 400, 'M_BAD_JSON'],
    ['{"presence":1}', 400, 'M_BAD_JSON'],
    ['{"__proto__":{"presence":"online"}}', 400, 'M_BAD_JSON'],
    ['{"presence":"away"}', 400, 'M_INVALID_PARAM'],
    ['{"presence":""}', 400, 'M_INVALID_PARAM'],
    ['{"presence":"Online"}', 400, 'M_INVALID_PARAM'],
    ['{"presence":"online","status_msg":1}', 400, 'M_BAD_JSON'],
    ['{"presence":"online","status_msg":{}}', 400, 'M_BAD_JSON'],
  ])('%s is refused', (body, status, errcode) => {
    expect(answerTo(parsePresencePut(body))).toEqual([status, errcode]);
  });

  test('a message may have 2,048 bytes, counted in UTF-8', () => {
    const put = (message: string): unknown =>
      answerTo(parsePresencePut(JSON.stringify({ presence: 'online', status_msg: message })));
    expect(put('é'.repeat(1024))).toEqual({ presence: 'online', statusMsg: 'é'.repeat(1024) });
    expect(put('é'.repeat(1024) + 'a')).toEqual([413, 'M_TOO_LARGE']);
    expect(put('a'.repeat(2049))).toEqual([413, 'M_TOO_LARGE']);
  });
});

test.each([
  ['{"presence":"busy"}', { presence: 'busy' }],
  ['{"presence":null}', {}],
  ['{}', {}],
  ['{"presence":"away"}', [400, 'M_INVALID_PARAM']],
  ['{"presence":0}', [400, 'M_BAD_JSON']],
  ['x', [400, 'M_NOT_JSON']],
])('PUT override %s', (body, answer) => {
  expect(answerTo(parseOverridePut(body))).toEqual(answer);
});

test.each([
  [undefined, 'auto'],
  ['online', 'online'],
  ['unavailable', 'unavailable'],
  ['offline', 'none'],
  ['busy', [400, 'M_INVALID_PARAM']],
  ['', [400, 'M_INVALID_PARAM']],
  [
    ['online', 'offline'],
    [400, 'M_INVALID_PARAM'],
  ],
])('set_presence %j', (parameter, answer) => {
  expect(answerTo(parseSetPresence(parameter))).toEqual(answer);
});

test('a limit says how long to wait, in whole milliseconds and whole seconds', () => {
  expect(limitExceeded(1200.2)).toEqual({
    status: 429,
    body: { errcode: 'M_LIMIT_EXCEEDED', error: 'Too many requests', retry_after_ms: 1201 },
  });
  expect([0, 1, 1000, 1001].map(retryAfterSeconds)).toEqual([1, 1, 1, 2]);
});

test('a refusal has the status of its code unless told otherwise', () => {
  expect(refusal('M_FORBIDDEN', 'no')).toEqual({ status: 403, body: { errcode: 'M_FORBIDDEN', error: 'no' } });
  expect(refusal('M_UNKNOWN', 'away', 503).status).toBe(503);
});
