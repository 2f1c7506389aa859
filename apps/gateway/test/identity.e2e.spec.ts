// Who is asking, told by somebody else: OAuth 2.0 introspection (RFC 7662) and JWTs by a JWK set, against a real server with
// moods. Never is a client logged out (401) because its identity provider is away.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JWTPayload } from 'jose';
import { AUDIENCE, CLIENT, ISSUER, IdentityProvider } from './identity-provider.js';
import { AheadClock, ServedGateway, type Answer } from './served-gateway.js';

jest.setTimeout(60_000);
const WHOAMI = '/_matrix/client/v3/account/whoami';
const REFUSED = { status: 401, body: { errcode: 'M_UNKNOWN_TOKEN' } };
const AWAY = { status: 503, body: { errcode: 'M_UNKNOWN' } };
const ALICE = '@alice:example.org';

let provider: IdentityProvider;
let gateway: ServedGateway;
const clock = new AheadClock();
const ask = (token: string): Promise<Answer> => gateway.ask('GET', WHOAMI, { token });

beforeAll(async () => {
  provider = await IdentityProvider.start();
});
afterAll(() => {
  provider.stop();
});
beforeEach(() => {
  provider.asked = [];
  provider.mood = undefined;
  clock.aheadMs += 3_600_000;
});

const introspection = (): Record<string, string> => ({
  INTROSPECTION_URL: `${provider.url}/introspect`,
  INTROSPECTION_CLIENT_ID: CLIENT.id,
  INTROSPECTION_CLIENT_SECRET: CLIENT.secret,
  SERVER_NAME: 'example.org',
});

describe('token introspection', () => {
  beforeAll(async () => {
    gateway = await ServedGateway.start(introspection(), { clock });
  });
  afterAll(() => gateway.stop());
  const active = (token: string, claims: Record<string, unknown> = {}): string => {
    provider.tokens.set(token, { active: true, username: 'alice', ...claims });
    return token;
  };

  it.each([
    ['a device in the scope (Matrix 1.15)', { scope: 'openid urn:matrix:client:api:* urn:matrix:client:device:PHONE' }, 'PHONE'],
    ['a device in the scope of MSC2967', { scope: 'urn:matrix:org.matrix.msc2967.client:device:AB+c/d' }, 'AB+c/d'],
    ['a device_id, which is nearer', { scope: 'urn:matrix:client:device:PHONE', device_id: 'DESK' }, 'DESK'],
    ['scopes in a list', { scope: ['urn:matrix:client:device:LIST'] }, 'LIST'],
  ])('knows %s', async (what, claims, device) => {
    expect((await ask(active(`D-${what.length}`, claims))).body).toEqual({ user_id: ALICE, device_id: device, is_guest: false });
  });

  it('without a device acts as device _', async () => {
    expect((await ask(active('no-device'))).body).toEqual({ user_id: ALICE, is_guest: false });
  });

  it.each([
    ['not active', { active: false }],
    ['a refresh token', { token_type: 'refresh_token' }],
    ['of a user of another server', { username: '@alice:elsewhere.org' }],
    ['of a name that would smuggle in a server', { username: 'alice:elsewhere.org:example.org' }],
    ['of a name that is no localpart', { username: 'al\u0000ice' }],
  ])('refuses a token that is %s', async (what, claims) => {
    expect(await ask(active(`R-${what.replaceAll(' ', '-')}`, claims))).toMatchObject(REFUSED);
  });

  it('asks once for requests that come together, and not again while it remembers', async () => {
    active('T1');
    await Promise.all(Array.from({ length: 20 }, () => ask('T1')));
    clock.aheadMs += 29_000;
    await ask('T1');
    expect(provider.asked).toEqual(['/introspect T1']);
  });

  it('has a revocation take effect within the time it remembers', async () => {
    active('T2');
    expect((await ask('T2')).status).toBe(200);
    provider.tokens.delete('T2');
    expect((await ask('T2')).status).toBe(200);
    clock.aheadMs += 30_000;
    expect(await ask('T2')).toMatchObject(REFUSED);
  });

  it('does not remember beyond the end of the token', async () => {
    active('T3', { exp: Math.floor(clock.nowMs() / 1_000) + 10 });
    expect((await ask('T3')).status).toBe(200);
    provider.tokens.delete('T3');
    clock.aheadMs += 11_000;
    expect(await ask('T3')).toMatchObject(REFUSED);
  });

  const moods: readonly (readonly [string, NonNullable<IdentityProvider['mood']>])[] = [
    ['answers 500', (response) => response.writeHead(500).end()],
    ['does not accept us', (response) => response.writeHead(401).end('{"error":"invalid_client"}')],
    ['answers no JSON', (response) => response.end('x')],
    ['does not say active', (response) => response.end('{}')],
    ['names no user', (response) => response.end('{"active":true}')],
    ['answers too much', (response) => response.end(JSON.stringify({ active: true, x: 'x'.repeat(100_000) }))],
    ['redirects', (response) => response.writeHead(302, { location: '/keys' }).end()],
    ['hangs up', (response) => response.destroy()],
  ];
  it.each(moods)('logs nobody out when the server %s: 503 for the unknown, and known ones go on', async (what, mood) => {
    const known = active(`K-${what.replaceAll(' ', '-')}`);
    expect((await ask(known)).status).toBe(200);
    provider.mood = mood;
    const refused = await ask(active(`U-${what.replaceAll(' ', '-')}`));
    expect(refused).toMatchObject(AWAY);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    clock.aheadMs += 300_000;
    expect((await ask(known)).status).toBe(200);
    clock.aheadMs += 600_000;
    expect(await ask(known)).toMatchObject(AWAY);
    provider.mood = undefined;
    expect((await ask(known)).status).toBe(200);
    expect((await ask(`U-${what.replaceAll(' ', '-')}`)).status).toBe(200);
  });

  it('learns of a revocation as soon as the server is back', async () => {
    active('T4');
    await ask('T4');
    provider.mood = (response) => response.destroy();
    clock.aheadMs += 60_000;
    expect((await ask('T4')).status).toBe(200);
    provider.mood = undefined;
    provider.tokens.delete('T4');
    clock.aheadMs += 6_000;
    expect(await ask('T4')).toMatchObject(REFUSED);
  });

  it('tells the journal what to mend, and no token', async () => {
    provider.mood = (response) => response.writeHead(401).end();
    await ask(active('a-telling-token'));
    const lines = gateway.lines.join('');
    expect(lines).toContain('see INTROSPECTION_CLIENT_ID and INTROSPECTION_CLIENT_SECRET');
    expect(lines).not.toContain('a-telling-token');
    expect(lines).not.toContain(CLIENT.secret);
    expect((await gateway.ask('GET', '/metrics', { token: null })).text).toMatch(
      /rollcall_gateway_token_checks_total\{method="token introspection",outcome="failed"\} [1-9]/,
    );
  });
});

describe('token introspection that demands a scope', () => {
  beforeAll(async () => {
    gateway = await ServedGateway.start({ ...introspection(), INTROSPECTION_SCOPE: 'urn:matrix:client:api:*' }, { clock });
  });
  afterAll(() => gateway.stop());

  it('refuses a token without it, such as one of a program that is no client of a user', async () => {
    provider.tokens.set('S1', { active: true, username: 'alice', scope: 'openid' });
    provider.tokens.set('S2', { active: true, username: 'alice', scope: 'openid urn:matrix:client:api:*' });
    expect(await ask('S1')).toMatchObject(REFUSED);
    expect((await ask('S2')).status).toBe(200);
  });
});

describe('JSON web tokens', () => {
  const jwt = (): Record<string, string> => ({
    JWKS_URL: `${provider.url}/keys`,
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: AUDIENCE,
    SERVER_NAME: 'example.org',
  });
  const inSeconds = (seconds: number): number => Math.floor(clock.nowMs() / 1_000) + seconds;
  const good = (claims: JWTPayload = {}, options = {}): Promise<string> =>
    provider.sign({ sub: 'alice', device_id: 'PHONE', exp: inSeconds(3_600), ...claims }, options);

  beforeAll(async () => {
    provider.published = [await provider.key('one'), await provider.key('rsa', 'RS256')];
    gateway = await ServedGateway.start(jwt(), { clock });
  });
  afterAll(() => gateway.stop());

  it.each([{ kid: 'one', algorithm: 'ES256' }, { kid: 'rsa', algorithm: 'RS256' }, { kid: 'one', algorithm: 'ES256', named: false }])(
    'signed with %j are who they say',
    async (options) => {
      expect((await ask(await good({}, options))).body).toEqual({ user_id: ALICE, device_id: 'PHONE', is_guest: false });
    },
  );

  it.each([
    ['of another issuer', { iss: 'https://elsewhere.example/' }],
    ['for another audience', { aud: 'somebody-else' }],
    ['of a user of another server', { sub: '@alice:elsewhere.org' }],
    ['not valid yet', { nbf: 10_000_000_000 }],
    ['past their end', { exp: 1_000_000_000 }],
  ])('%s are refused', async (_what, claims) => {
    expect(await ask(await good(claims))).toMatchObject(REFUSED);
  });

  it('without an end, with another key’s signature, cut, or signed with a public key as a secret are refused', async () => {
    expect(await ask(await good({ exp: undefined as unknown as number }))).toMatchObject(REFUSED);
    await provider.key('stranger');
    const strange = await good({}, { kid: 'stranger' });
    const [, body, signature] = strange.split('.') as [string, string, string];
    const header = Buffer.from('{"alg":"ES256","kid":"one"}').toString('base64url');
    expect(await ask(`${header}.${body}.${signature}`)).toMatchObject(REFUSED);
    expect(await ask((await good()).slice(0, -8))).toMatchObject(REFUSED);
    for (const alg of ['none', 'HS256']) {
      const other = Buffer.from(JSON.stringify({ alg, kid: 'one' })).toString('base64url');
      expect(await ask(`${other}.${body}.${signature}`)).toMatchObject(REFUSED);
    }
  });

  it('are never asked about when they are none', async () => {
    expect(await ask('opaque')).toMatchObject(REFUSED);
    expect(provider.asked).toEqual([]);
  });

  it('signed with a new key are good as soon as it is published, and never refused for having come early', async () => {
    await ask(await good({ jti: 'before' }));
    const fresh = await provider.key('two');
    clock.aheadMs += 60_000;
    const token = await good({ exp: inSeconds(3_600) }, { kid: 'two' });
    expect(await ask(token)).toMatchObject(REFUSED);
    provider.published = [...provider.published, fresh];
    const again = await good({ exp: inSeconds(3_600), jti: 'again' }, { kid: 'two' });
    expect(await ask(again)).toMatchObject(AWAY);
    clock.aheadMs += 6_000;
    expect((await ask(again)).status).toBe(200);
  });

  it('are checked with the known keys while their place is away', async () => {
    await ask(await good({ jti: 'first' }));
    provider.mood = (response) => response.destroy();
    clock.aheadMs += 1_800_000;
    expect((await ask(await good({ exp: inSeconds(60) }))).status).toBe(200);
    clock.aheadMs += 3_600_000;
    expect(await ask(await good({ exp: inSeconds(60) }))).toMatchObject(AWAY);
  });

  it('end when they end', async () => {
    const token = await good({ exp: inSeconds(10) });
    expect((await ask(token)).status).toBe(200);
    clock.aheadMs += 16_000;
    expect(await ask(token)).toMatchObject(REFUSED);
  });
});

describe('several methods at once', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-identity-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('are asked in the order static tokens, JWTs, introspection; one that is away does not hide the others', async () => {
    const file = join(folder, 'tokens.json');
    writeFileSync(file, JSON.stringify({ fixed: { user_id: '@fixed:example.org' } }));
    const keys = join(folder, 'keys.json');
    writeFileSync(keys, JSON.stringify({ keys: [await provider.key('filed')] }));
    const environment = { ...introspection(), STATIC_TOKENS_FILE: file, JWKS_FILE: keys, JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE };
    gateway = await ServedGateway.start({ ...environment, WHOAMI_URL: 'http://127.0.0.1:9' }, { clock });
    try {
      expect((await ask('fixed')).body).toMatchObject({ user_id: '@fixed:example.org' });
      const exp = Math.floor(clock.nowMs() / 1_000) + 60;
      expect((await ask(await provider.sign({ sub: 'jay', exp }, { kid: 'filed' }))).body).toMatchObject({ user_id: '@jay:example.org' });
      expect(provider.asked).toEqual([]);
      provider.tokens.set('opaque', { active: true, username: 'alice' });
      expect((await ask('opaque')).body).toMatchObject({ user_id: ALICE });
      // Nobody knows it, and the last of the methods could not be asked.
      expect(await ask('nobody')).toMatchObject(AWAY);
      for (const token of ['dev|@alice:localhost|PHONE', 'dev|admin']) expect((await ask(token)).status).not.toBe(200);
    } finally {
      await gateway.stop();
    }
  });

  it('a file without keys keeps the gateway from starting, and says so', async () => {
    const keys = join(folder, 'broken.json');
    writeFileSync(keys, '{"keys":1}');
    const environment = { JWKS_FILE: keys, JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE, SERVER_NAME: 'example.org' };
    await expect(ServedGateway.start(environment)).rejects.toThrow('JWKS_FILE holds no JWK set');
  });
});
