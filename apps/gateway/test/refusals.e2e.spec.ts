// What the doors answer to requests that they do not serve: Matrix errors with the right status, never a 500; and CORS as the
// specification has it, on /_matrix only (semantics.md section 10, design.md section 8).
import { matrixErrorFaults } from '#libs/testing';
import { ALICE, ServedGateway, statusPath } from './served-gateway.js';

jest.setTimeout(60_000);
let gateway: ServedGateway;
beforeAll(async () => {
  gateway = await ServedGateway.start();
});
afterAll(() => gateway.stop());

const BOB = '@bob:localhost';
const V3 = '/_matrix/client/v3';

describe('a PUT of the status', () => {
  it.each([
    ['no JSON', '{"presence":', 400, 'M_NOT_JSON'],
    ['nothing', '', 400, 'M_NOT_JSON'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 400, 'M_NOT_JSON'],
    ['a list', '["online"]', 400, 'M_BAD_JSON'],
    ['no presence', '{"status_msg":"x"}', 400, 'M_BAD_JSON'],
    ['a presence that is no string', '{"presence":1}', 400, 'M_BAD_JSON'],
    ['an unknown presence', '{"presence":"asleep"}', 400, 'M_INVALID_PARAM'],
    ['a message that is no string', '{"presence":"online","status_msg":1}', 400, 'M_BAD_JSON'],
    ['a message over 2,048 bytes', JSON.stringify({ presence: 'online', status_msg: 'é'.repeat(1_025) }), 413, 'M_TOO_LARGE'],
    ['a body over its bound', JSON.stringify({ presence: 'online', x: 'x'.repeat(70_000) }), 413, 'M_TOO_LARGE'],
  ])('refuses %s', async (_what, body, status, errcode) => {
    const answer = await gateway.ask('PUT', statusPath(ALICE), { body });
    expect({ status: answer.status, errcode: answer.body['errcode'] }).toEqual({ status, errcode });
    expect(matrixErrorFaults(answer.body)).toEqual([]);
  });

  it.each([
    ['null as a message', { presence: 'online', status_msg: null }],
    ['keys that it does not know', { presence: 'online', mood: 'x' }],
    ['busy', { presence: 'busy' }],
    ['busy by its unstable name', { presence: 'org.matrix.msc3026.busy' }],
    ['a message of exactly 2,048 bytes', { presence: 'online', status_msg: 'é'.repeat(1_024) }],
  ])('takes %s', async (_what, body) => {
    expect(await gateway.put(body)).toMatchObject({ status: 200, text: '{}' });
  });

  it('takes any content type, and none', async () => {
    for (const headers of [{}, { 'content-type': 'text/plain' }, { 'content-type': 'nonsense' }, { 'content-type': 'application/json; charset=utf-8' }]) {
      expect((await gateway.put({ presence: 'online' }, { headers })).status).toBe(200);
    }
  });

  it('refuses to set anybody else, the administrator included', async () => {
    for (const token of [`dev|${ALICE}|PHONE`, 'dev|admin']) {
      const answer = await gateway.ask('PUT', statusPath(BOB), { token, body: '{"presence":"online"}' });
      expect({ status: answer.status, errcode: answer.body['errcode'] }).toEqual({ status: 403, errcode: 'M_FORBIDDEN' });
    }
  });
});

describe('a GET of the status', () => {
  it('tells nobody of a stranger, whether they exist or not, and the administrator of all', async () => {
    const answers = [await gateway.ask('GET', statusPath(BOB)), await gateway.ask('GET', statusPath('@nobody:nowhere')), await gateway.ask('GET', statusPath('no id'))];
    expect(new Set(answers.map(({ status, text }) => `${String(status)} ${text}`)).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 403, body: { errcode: 'M_FORBIDDEN' } });
    expect(await gateway.ask('GET', statusPath(BOB), { token: 'dev|admin' })).toMatchObject({ status: 200, text: '{"presence":"offline"}' });
  });

  it('reads ids of 255 bytes, percent-encoded, and by r0 as by v3', async () => {
    const long = `@${'é'.repeat(122)}:localhost`;
    expect(Buffer.byteLength(long)).toBe(255);
    for (const path of [statusPath(long), statusPath(long).replace('/v3/', '/r0/')]) {
      expect((await gateway.ask('GET', path, { token: `dev|${Buffer.from(long).toString('latin1')}|D` })).status).toBe(200);
    }
  });
});

describe('tokens', () => {
  it('are missed', async () => {
    for (const path of [statusPath(ALICE), `${V3}/sync`, `${V3}/account/whoami`, '/_rollcall/v1/stream']) {
      expect(await gateway.ask('GET', path, { token: null })).toMatchObject({ status: 401, body: { errcode: 'M_MISSING_TOKEN' } });
    }
    for (const authorization of ['', 'Basic abc', 'Bearer', 'Bearer   ']) {
      expect((await gateway.ask('GET', `${V3}/sync`, { token: null, headers: { authorization } })).status).toBe(401);
    }
  });

  it.each(['x', 'dev|', 'dev|nobody', 'dev|@a', 'dev|@alice:localhost|', 'dev|:localhost|D', 'dev|admin|D', 'x'.repeat(10_000)])('are not known: %.20s', async (token) => {
    const answer = await gateway.ask('GET', `${V3}/account/whoami`, { token });
    expect({ status: answer.status, errcode: answer.body['errcode'] }).toEqual({ status: 401, errcode: 'M_UNKNOWN_TOKEN' });
  });

  it('may come as a parameter, and never reach a line of the journal', async () => {
    const path = `${V3}/account/whoami?access_token=${encodeURIComponent(`dev|${ALICE}|SECRETDEVICE`)}`;
    expect((await gateway.ask('GET', path, { token: null })).body).toEqual({ user_id: ALICE, device_id: 'SECRETDEVICE', is_guest: false });
    expect((await gateway.ask('GET', `${V3}/account/whoami`, { token: 'WRONGSECRET' })).status).toBe(401);
    expect(gateway.lines.join('\n')).not.toMatch(/SECRET/);
    expect(gateway.lines.length).toBeGreaterThan(0);
  });

  it('of the administrator are no user, those of users no administrator', async () => {
    expect((await gateway.ask('GET', `${V3}/sync`, { token: 'dev|admin' })).status).toBe(403);
    expect((await gateway.ask('GET', '/_rollcall/v1/stream?all=true')).status).toBe(403);
    expect((await gateway.ask('POST', '/_rollcall/v1/memberships', { body: '' })).status).toBe(403);
  });
});

describe('a sync', () => {
  it.each([
    ['set_presence=busy', 'M_INVALID_PARAM'],
    ['set_presence=online&set_presence=offline', 'M_INVALID_PARAM'],
    ['timeout=soon', 'M_INVALID_PARAM'],
    ['timeout=1&timeout=2', 'M_INVALID_PARAM'],
    ['since=s72595_4483_1934', 'M_INVALID_PARAM'],
    ['full_state=perhaps', 'M_INVALID_PARAM'],
    ['filter=%7B', 'M_NOT_JSON'],
    ['filter=%7B%22presence%22%3A1%7D', 'M_BAD_JSON'],
  ])('with %s is 400', async (query, errcode) => {
    const answer = await gateway.ask('GET', `${V3}/sync?${query}`);
    expect({ status: answer.status, errcode: answer.body['errcode'] }).toEqual({ status: 400, errcode });
  });

  it('with a filter that was never uploaded is 404', async () => {
    for (const id of ['0', 'z.AAAA', 'h.x']) expect(await gateway.ask('GET', `${V3}/sync?filter=${id}`)).toMatchObject({ status: 404, body: { errcode: 'M_NOT_FOUND' } });
  });
});

describe('paths', () => {
  it('that are unknown are 404, and methods that they lack 405', async () => {
    expect(await gateway.ask('GET', `${V3}/rooms/x/messages`)).toMatchObject({ status: 404, body: { errcode: 'M_UNRECOGNIZED' } });
    expect(await gateway.ask('GET', '/nowhere')).toMatchObject({ status: 404, body: { errcode: 'M_UNRECOGNIZED' } });
    const wrong = await gateway.ask('DELETE', statusPath(ALICE));
    expect(wrong).toMatchObject({ status: 405, body: { errcode: 'M_UNRECOGNIZED' } });
    expect(wrong.headers.allow).toMatch(/GET.*PUT/);
    expect((await gateway.ask('PUT', `${V3}/sync`)).status).toBe(405);
  });

  it('that cannot be read are refused', async () => {
    expect(await gateway.ask('GET', `${V3}/presence/%/status`)).toMatchObject({ status: 400, body: { errcode: 'M_INVALID_PARAM' } });
    expect((await gateway.ask('GET', `${V3}/presence/%ff%fe/status`)).status).toBeLessThan(500);
    expect((await gateway.ask('GET', statusPath(`@${'a'.repeat(3_000)}:hs`))).status).toBe(414);
  });
});

describe('CORS', () => {
  const ORIGIN = { origin: 'https://app.example.org' };

  it('lets every origin read /_matrix, answers and refusals alike', async () => {
    for (const path of ['/_matrix/client/versions', `${V3}/sync`, `${V3}/nowhere`, `${V3}/presence/%/status`]) {
      const { headers } = await gateway.ask('GET', path, { headers: ORIGIN, token: null });
      expect(headers['access-control-allow-origin']).toBe('*');
      expect(headers['access-control-allow-headers']).toBe('X-Requested-With, Content-Type, Authorization');
      expect(headers['access-control-allow-methods']).toBe('GET, POST, PUT, DELETE, OPTIONS');
    }
  });

  it('answers a preflight without a token', async () => {
    const { status, headers } = await gateway.ask('OPTIONS', statusPath(ALICE), { headers: ORIGIN, token: null });
    expect(status).toBe(200);
    expect(headers['access-control-allow-origin']).toBe('*');
  });

  it('lets no origin read /_rollcall, health or metrics', async () => {
    for (const path of ['/_rollcall/v1/stream', '/_rollcall/v1/memberships', '/health/live', '/metrics']) {
      for (const method of ['GET', 'OPTIONS']) {
        const { headers } = await gateway.ask(method, path, { headers: ORIGIN, token: null });
        expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
      }
    }
  });
});

describe('operations', () => {
  it('need no token', async () => {
    expect((await gateway.ask('GET', '/health/live', { token: null })).status).toBe(200);
    expect((await gateway.ask('GET', '/health/ready', { token: null })).body).toMatchObject({ well: true, checks: { gateway: 'ok' } });
    expect((await gateway.ask('GET', '/metrics', { token: null })).text).toContain('rollcall_gateway_requests_total');
  });
});
