// A request answered by the hot lane and the same one answered by Fastify (which a slash at its end makes of it) get the same
// status, headers and bytes, whatever is wrong with it.
import type { IncomingHttpHeaders } from 'node:http';
import { ALICE, ServedGateway, statusPath, until, type Asked } from './served-gateway.js';

jest.setTimeout(60_000);
let gateway: ServedGateway;
beforeAll(async () => {
  gateway = await ServedGateway.start();
  await until('the gateway to be ready', async () =>
    (await gateway.ask('GET', '/health/ready')).status === 200 ? true : undefined,
  );
});
afterAll(() => gateway.stop());

function comparable({ date: _, ...headers }: IncomingHttpHeaders): IncomingHttpHeaders {
  return headers;
}

const TOKEN = `dev|${ALICE}|PHONE`;
const ONLINE = '{"presence":"online","status_msg":"é"}';

const CASES: [string, string, string, Asked][] = [
  ['a GET', 'GET', statusPath(ALICE), {}],
  ['a GET by r0', 'GET', statusPath(ALICE).replace('/v3/', '/r0/'), {}],
  ['a GET of an unescaped id', 'GET', `/_matrix/client/v3/presence/${ALICE}/status`, {}],
  ['a GET of a stranger', 'GET', statusPath('@bob:localhost'), {}],
  ['a GET of no id by the administrator', 'GET', statusPath('nobody'), { token: 'dev|admin' }],
  ['a GET of whatever a path may hold', 'GET', "/_matrix/client/v3/presence/a;b+c!$'()*,=%2Fd%2b/status", {}],
  ['a GET without a token', 'GET', statusPath(ALICE), { token: null }],
  ['a GET with an unknown token', 'GET', statusPath(ALICE), { token: 'x' }],
  ['a GET with a strange Authorization', 'GET', statusPath(ALICE), { token: null, headers: { authorization: 'Basic x' } }],
  ['a GET from a foreign page', 'GET', statusPath(ALICE), { headers: { origin: 'https://evil.example' } }],
  ['a GET that closes', 'GET', statusPath(ALICE), { headers: { connection: 'close' } }],
  ['a PUT', 'PUT', statusPath(ALICE), { body: ONLINE }],
  ['a PUT for somebody else', 'PUT', statusPath('@bob:localhost'), { body: ONLINE }],
  ['a PUT of no JSON', 'PUT', statusPath(ALICE), { body: '{"presence":' }],
  ['a PUT of no UTF-8', 'PUT', statusPath(ALICE), { body: Buffer.from([0x7b, 0xff, 0x7d]) }],
  ['a PUT of an unknown presence', 'PUT', statusPath(ALICE), { body: '{"presence":"asleep"}' }],
  ['a PUT of a long message', 'PUT', statusPath(ALICE), { body: JSON.stringify({ presence: 'online', status_msg: 'x'.repeat(2_049) }) }],
  ['a PUT with a content type', 'PUT', statusPath(ALICE), { body: ONLINE, headers: { 'content-type': 'nonsense' } }],
];

const SYNC = '/_matrix/client/v3/sync';

it.each([
  ['nothing', ''],
  ['nothing by r0', 'r0'],
  ['a token of nobody', '?since=r1_0_0_0_AAAAAAAA_0.0&timeout=0'],
  ['a token of another version', '?since=r9_x'],
  ['no token', '?since=hello'],
  ['an empty token', '?since='],
  ['a time that is none', '?timeout=soon'],
  ['a strange claim', '?set_presence=asleep'],
  ['an unknown filter', '?filter=z.AAAA'],
  ['a filter of one user', '?filter=h.abc'],
  ['full state', '?full_state=true&set_presence=offline'],
  ['a flag that is none', '?full_state=yes'],
  ['a parameter twice', '?timeout=1&timeout=2'],
  ['a parameter without a value', '?timeout'],
  ['parameters of nobody', '?a=b&constructor=x&__proto__=y'],
  ['an escape', '?filter=%7B%22presence%22%3A%7B%22limit%22%3A1%7D%7D'],
])('a /sync with %s is answered the same way', async (_what, query) => {
  const path = query === 'r0' ? SYNC.replace('/v3/', '/r0/') : SYNC;
  const asked = query === 'r0' ? '' : query;
  const [hot, plain] = [await gateway.ask('GET', path + asked), await gateway.ask('GET', `${path}/${asked}`)];
  const shown = ({ status, text, headers }: typeof hot) => ({
    status,
    text: text.replace(/"next_batch":"[^"]*"/, '"next_batch":"…"'),
    headers: { ...comparable(headers), 'content-length': undefined },
  });
  expect(shown(hot)).toEqual(shown(plain));
});

it.each(CASES)('%s is answered the same way', async (_what, method, path, asked) => {
  const [hot, plain] = [await gateway.ask(method, path, { token: TOKEN, ...asked }), await gateway.ask(method, `${path}/`, { token: TOKEN, ...asked })];
  expect({ status: hot.status, text: hot.text, headers: comparable(hot.headers) }).toEqual({
    status: plain.status,
    text: plain.text,
    headers: comparable(plain.headers),
  });
});

it('is 503 while the log is away, on both ways', async () => {
  gateway.faults.unreachable = true;
  for (const path of [statusPath(ALICE), `${statusPath(ALICE)}/`]) {
    const { status, headers } = await gateway.ask('PUT', path, { body: ONLINE });
    expect({ status, retryAfter: headers['retry-after'] }).toEqual({ status: 503, retryAfter: '2' });
  }
  gateway.faults.unreachable = false;
});

it('too many are 429 with the same words', async () => {
  const limited = await ServedGateway.start({ PUT_PER_SECOND: '0.001', PUT_BURST: '1' });
  try {
    expect((await limited.put({ presence: 'online' })).status).toBe(200);
    const answers = [await limited.put({ presence: 'online' }), await limited.ask('PUT', `${statusPath(ALICE)}/`, { body: ONLINE })];
    for (const { status, body, headers } of answers) {
      expect({ status, errcode: body['errcode'] }).toEqual({ status: 429, errcode: 'M_LIMIT_EXCEEDED' });
      expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    }
  } finally {
    await limited.stop();
  }
});
