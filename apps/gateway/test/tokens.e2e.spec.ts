// Who may ask: each condition under which a development token is refused (design.md section 8), tokens of a file, and a real
// homeserver's whoami, with its moods.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ALICE, AheadClock, ServedGateway, type Answer, type Asked } from './served-gateway.js';

jest.setTimeout(60_000);
const WHOAMI = '/_matrix/client/v3/account/whoami';
const ask = (gateway: ServedGateway, asked: Asked = {}): Promise<Answer> => gateway.ask('GET', WHOAMI, asked);
const REFUSED = { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } };

describe('a development token', () => {
  let gateway: ServedGateway;
  beforeAll(async () => {
    gateway = await ServedGateway.start();
  });
  afterAll(() => gateway.stop());

  it.each(['localhost', 'localhost:8090', '127.0.0.1', '127.9.9.9:1', '[::1]:8090', 'LOCALHOST'])('is accepted with Host %s', async (host) => {
    expect((await ask(gateway, { headers: { host } })).status).toBe(200);
  });

  it.each(['example.org', 'localhost.example.org', '127.0.0.1.nip.io', '10.0.0.1', '[::2]', 'localhost:8090:1', 'rebound.evil:8090', '128.0.0.1'])(
    'is refused with Host %s',
    async (host) => {
      expect(await ask(gateway, { headers: { host } })).toMatchObject(REFUSED);
    },
  );

  it.each(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'X-Forwarded-Anything'])('is refused through a proxy that says %s', async (name) => {
    expect(await ask(gateway, { headers: { [name]: 'x' } })).toMatchObject(REFUSED);
  });

  it.each(['https://evil.example', 'null', 'http://localhost:1', 'https://localhost:8090'])('is refused to a page of %s', async (origin) => {
    expect(await ask(gateway, { headers: { host: 'localhost:8090', origin } })).toMatchObject(REFUSED);
  });

  it('is accepted from its own pages', async () => {
    expect((await ask(gateway, { headers: { host: 'localhost:8090', origin: 'http://localhost:8090', 'sec-fetch-site': 'same-origin' } })).status).toBe(200);
    expect((await ask(gateway, { headers: { host: 'localhost:8090', 'sec-fetch-site': 'none' } })).status).toBe(200);
  });

  it('is refused to an image or a link of another site, which carry no Origin', async () => {
    expect(await ask(gateway, { headers: { 'sec-fetch-site': 'cross-site' } })).toMatchObject(REFUSED);
  });

  it('of the administrator is refused in the same way', async () => {
    const refused = await gateway.ask('POST', '/_rollcall/v1/rooms', { token: 'dev|admin', headers: { 'x-forwarded-for': '1.2.3.4' }, body: '' });
    expect(refused).toMatchObject(REFUSED);
    expect((await gateway.ask('POST', '/_rollcall/v1/rooms', { token: 'dev|admin', body: '' })).status).toBe(200);
  });

  it('without a device acts as device _, which whoami does not tell', async () => {
    expect((await ask(gateway, { token: `dev|${ALICE}` })).body).toEqual({ user_id: ALICE, is_guest: false });
  });
});

describe('with another method configured', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-tokens-'));
  const file = join(folder, 'tokens.json');
  writeFileSync(file, JSON.stringify({ 'a-long-secret': { user_id: ALICE, device_id: 'DESK' }, bare: { user_id: '@bob:hs' } }));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['an address that others reach', { HTTP_HOST: '0.0.0.0' }],
    ['ADMIN_TOKEN', { ADMIN_TOKEN: 'sesame' }],
    ['STATIC_TOKENS_FILE', { STATIC_TOKENS_FILE: file }],
    ['WHOAMI_URL', { WHOAMI_URL: 'http://127.0.0.1:9' }],
  ])('%s switches development tokens off', async (_what, environment) => {
    const gateway = await ServedGateway.start(environment);
    try {
      for (const token of [`dev|${ALICE}|PHONE`, 'dev|admin']) expect((await ask(gateway, { token, headers: { host: 'localhost' } })).status).not.toBe(200);
    } finally {
      await gateway.stop();
    }
  });

  it('tokens of the file and of the administrator are who they say, and no others', async () => {
    const gateway = await ServedGateway.start({ STATIC_TOKENS_FILE: file, ADMIN_TOKEN: 'sesame' });
    try {
      expect((await ask(gateway, { token: 'a-long-secret' })).body).toEqual({ user_id: ALICE, device_id: 'DESK', is_guest: false });
      expect((await ask(gateway, { token: 'bare' })).body).toEqual({ user_id: '@bob:hs', is_guest: false });
      expect(await ask(gateway, { token: 'a-long-secre' })).toMatchObject(REFUSED);
      expect((await gateway.ask('POST', '/_rollcall/v1/rooms', { token: 'sesame', body: '' })).status).toBe(200);
      expect(await ask(gateway, { token: 'sesame', headers: { 'x-forwarded-for': '1.2.3.4', host: 'chat.example.org' } })).toMatchObject({ status: 403 });
    } finally {
      await gateway.stop();
    }
  });

  it.each([['{'], ['[]'], ['{"t":{"user_id":"nobody"}}'], ['{"t":{"user_id":"@a:hs","device_id":""}}'], ['{"t":1}']])('a file that holds %s keeps the gateway from starting', async (text) => {
    writeFileSync(join(folder, 'broken.json'), text);
    await expect(ServedGateway.start({ STATIC_TOKENS_FILE: join(folder, 'broken.json') })).rejects.toThrow('STATIC_TOKENS_FILE');
  });
});

describe("a homeserver's whoami", () => {
  let answer: (token: string, response: ServerResponse) => void;
  let asked: string[];
  let homeserver: Server;
  let gateway: ServedGateway;
  const clock = new AheadClock();

  beforeAll(async () => {
    homeserver = createServer((request, response) => {
      const token = (request.headers.authorization ?? '').slice('Bearer '.length);
      asked.push(`${String(request.url)} ${token}`);
      answer(token, response);
    });
    await new Promise<void>((listening) => homeserver.listen(0, '127.0.0.1', listening));
    const { port } = homeserver.address() as AddressInfo;
    gateway = await ServedGateway.start({ WHOAMI_URL: `http://127.0.0.1:${String(port)}/` }, { clock });
  });
  beforeEach(() => {
    asked = [];
    clock.aheadMs += 60_000;
    answer = (token, response) => response.end(JSON.stringify({ user_id: ALICE, device_id: token }));
  });
  afterAll(async () => {
    await gateway.stop();
    homeserver.closeAllConnections();
    homeserver.close();
  });
  const says = (status: number, body: unknown) => (): void => {
    answer = (_token, response) => response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  };

  it('is asked once for a while, and again afterwards', async () => {
    for (let n = 0; n < 3; n += 1) expect((await ask(gateway, { token: 'T1' })).body).toMatchObject({ user_id: ALICE, device_id: 'T1' });
    expect(asked).toEqual([`${WHOAMI} T1`]);
    clock.aheadMs += 31_000;
    await ask(gateway, { token: 'T1' });
    expect(asked).toHaveLength(2);
  });

  it('is asked once for requests that come together', async () => {
    await Promise.all(Array.from({ length: 20 }, () => ask(gateway, { token: 'T2' })));
    expect(asked).toHaveLength(1);
  });

  it.each([401, 403])('that answers %d refuses', async (status) => {
    says(status, { errcode: 'M_UNKNOWN_TOKEN' })();
    expect(await ask(gateway, { token: `R${String(status)}` })).toMatchObject(REFUSED);
  });

  it.each([
    ['500', 500, {}],
    ['429', 429, {}],
    ['no JSON', 200, 'x'],
    ['no user id', 200, { user_id: 'alice' }],
    ['too much', 200, { user_id: ALICE, x: 'x'.repeat(100_000) }],
    ['a redirection', 302, ''],
  ])('that answers %s logs nobody out: 503, and no answer is remembered', async (what, status, body) => {
    says(status, body)();
    const refused = await ask(gateway, { token: `F-${what.replaceAll(' ', '')}` });
    expect(refused).toMatchObject({ status: 503, body: { errcode: 'M_UNKNOWN' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    answer = (_token, response) => response.end(JSON.stringify({ user_id: ALICE }));
    expect((await ask(gateway, { token: `F-${what.replaceAll(' ', '')}` })).status).toBe(200);
  });

  it('that hangs up logs nobody out', async () => {
    answer = (_token, response) => response.destroy();
    expect((await ask(gateway, { token: 'H' })).status).toBe(503);
  });
});
