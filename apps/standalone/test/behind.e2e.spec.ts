// The gateway in front of a homeserver, over real HTTP on both sides: presence is answered here, /sync together, everything else
// by the homeserver; and whatever fails, nobody is logged out and no message is lost or told twice.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { request } from 'node:http';
import { Writable } from 'node:stream';
import type { RunningProcess } from '#libs/runtime';
import { startStandalone } from '../src/index.js';
import { Client, type Answer } from './client.js';
import { FakeHomeserver } from './fake-homeserver.js';
import { endEverything, freshFolder, until } from './program.js';

/** Of a megabyte each. */
const PIECES = 300;
let running: RunningProcess;
let homeserver: FakeHomeserver;
let url: string;
let admin: Client;

jest.setTimeout(120_000);

beforeAll(async () => {
  homeserver = await FakeHomeserver.start();
  const environment = {
    DATA_DIR: freshFolder(),
    HOMESERVER_URL: homeserver.url,
    // So long that only forgetting a token ends what is known of it.
    TOKEN_CACHE_MS: '300000',
    ADMIN_TOKEN: 'admin',
    OFFLINE_AFTER_MS: '2000',
  };
  running = await startStandalone({ environment });
  url = String(running.url);
  admin = new Client(url, 'admin');
});

afterAll(async () => {
  await running.stop();
  await homeserver.stop();
  await endEverything();
});

const user = (name: string, device = 'D'): Client => new Client(url, `TOKEN-${name}-${device}`, `@${name}:localhost`);

interface Merged {
  readonly next_batch: string;
  readonly messages?: readonly string[];
  readonly presence?: { readonly events: readonly { sender: string; content: Record<string, unknown> }[] };
  readonly device_one_time_keys_count?: object;
}

async function sync(of: Client, query: Record<string, string>): Promise<Merged> {
  const { status, body } = await of.ask('GET', `/_matrix/client/v3/sync?${new URLSearchParams(query).toString()}`);
  expect(status).toBe(200);
  return body as unknown as Merged;
}

const senders = ({ presence }: Merged): readonly string[] => (presence?.events ?? []).map(({ sender }) => sender);

describe('/sync in front of a homeserver', () => {
  it('has the homeserver’s answer and our presence, under one token, and none of the homeserver’s presence', async () => {
    homeserver.say('hello');
    const bob = user('bob');
    await admin.share('!r:localhost', '@alice:localhost', bob.userId);
    await user('alice').put('online', 'hi');
    const first = await sync(bob, { timeout: '0', set_presence: 'unavailable' });
    expect(first.messages).toEqual(['hello']);
    expect(senders(first)).toEqual(expect.arrayContaining(['@alice:localhost', bob.userId]));
    expect(JSON.stringify(first)).not.toContain('theirs');
    expect(homeserver.syncs().at(-1)?.query.get('set_presence')).toBe('offline');
    homeserver.say('again');
    const next = await sync(bob, { since: first.next_batch, timeout: '0' });
    expect(next.messages).toEqual(['again']);
    expect(homeserver.syncs().at(-1)?.query.get('since')).toBe('s1~x');
    expect(new URL(url).port).not.toBe(String(homeserver.port));
  });

  it('answers with presence alone while the homeserver waits on, and says of keys what it said', async () => {
    const [carol, dora] = [user('carol'), user('dora')];
    await admin.share('!cd:localhost', carol.userId, dora.userId);
    let at = await sync(dora, { timeout: '0' });
    at = await sync(dora, { since: at.next_batch, timeout: '0' });
    const before = homeserver.syncs().length;
    const waiting = sync(dora, { since: at.next_batch, timeout: '20000' });
    await until('the poll to reach the homeserver', () => (homeserver.syncs().length > before ? true : undefined));
    await carol.put('online', 'now');
    const told = await waiting;
    expect(senders(told)).toEqual([carol.userId]);
    expect(told.device_one_time_keys_count).toEqual({ signed_curve25519: 50 });
    expect(told.messages).toBeUndefined();
    // The same poll of the homeserver goes on: the next message comes by it.
    const next = sync(dora, { since: told.next_batch, timeout: '20000' });
    await carol.put('online', 'later');
    const later = await next;
    homeserver.say('by the same poll');
    const last = await sync(dora, { since: later.next_batch, timeout: '20000' });
    expect(last.messages).toContain('by the same poll');
    expect(homeserver.syncs().length).toBe(before + 1);
  });

  it('waits for its time when there is nothing, and then has nothing', async () => {
    const erik = user('erik');
    let at = await sync(erik, { timeout: '0' });
    at = await sync(erik, { since: at.next_batch, timeout: '0' });
    const beganMs = Date.now();
    const empty = await sync(erik, { since: at.next_batch, timeout: '700' });
    expect(Date.now() - beganMs).toBeGreaterThanOrEqual(690);
    expect(senders(empty)).toEqual([]);
    expect(empty.messages ?? []).toEqual([]);
    expect(empty.device_one_time_keys_count).toEqual({ signed_curve25519: 50 });
  });

  it('ends the homeserver’s poll with the client’s', async () => {
    const frida = user('frida');
    const { next_batch: since } = await sync(frida, { timeout: '0' });
    const left = new AbortController();
    const query = new URLSearchParams({ since, timeout: '30000' }).toString();
    const headers = { authorization: 'Bearer TOKEN-frida-D' };
    const before = homeserver.syncs().length;
    const poll = fetch(`${url}/_matrix/client/v3/sync?${query}`, { headers, signal: left.signal });
    const reached = await until('the poll to reach the homeserver', () => homeserver.syncs()[before]);
    left.abort();
    await expect(poll).rejects.toThrow();
    await until('the homeserver to be left', () => (reached.wasLeft ? true : undefined));
  });

  it('takes a token from before Rollcall stood here, and tells everybody who is there', async () => {
    const gina = user('gina');
    await admin.share('!g:localhost', gina.userId, '@hans:localhost');
    await user('hans').put('busy');
    const merged = await sync(gina, { since: 's0~x', timeout: '0' });
    expect(merged.messages?.length).toBeGreaterThan(0);
    expect(senders(merged)).toContain('@hans:localhost');
  });

  it('ends the session of a device that logs out, and remembers nothing of its token', async () => {
    const [leonie, max] = [user('leonie'), user('max')];
    await admin.share('!l:localhost', leonie.userId, max.userId);
    await sync(leonie, { timeout: '0' });
    expect((await max.status(leonie.userId)).body['presence']).toBe('online');
    expect((await leonie.ask('POST', '/_matrix/client/v3/logout', {})).status).toBe(200);
    homeserver.refusedTokens.add('TOKEN-leonie-D');
    await until('her token to be refused', async () =>
      (await leonie.put('online')).status === 401 ? true : undefined,
    );
    await until('her to be shown offline', async () => {
      const { body } = await max.status(leonie.userId);
      return body['presence'] === 'offline' ? true : undefined;
    });
  });

  it('tells a refusal of the homeserver as it is, and forgets the token', async () => {
    const ida = user('ida');
    await admin.share('!i:localhost', ida.userId, '@jan:localhost');
    const { next_batch: since } = await sync(ida, { timeout: '0' });
    homeserver.refusedTokens.add('TOKEN-ida-D');
    const refused = await ida.ask('GET', `/_matrix/client/v3/sync?since=${since}&timeout=0`);
    expect(refused).toMatchObject({ status: 401, body: { error: 'Says the homeserver', soft_logout: true } });
    expect((await ida.status()).status).toBe(401);
    await until('her to be shown offline', async () => {
      const { body } = await user('jan').status(ida.userId);
      return body['presence'] === 'offline' ? true : undefined;
    });
  });

  it.each([
    ['an unknown token', '/_matrix/client/v3/sync?timeout=0', { token: 'nobody', status: 401 }],
    ['a token of nobody', '/_matrix/client/v3/sync?since=garbage&timeout=0', { token: 'TOKEN-alice-D', status: 400 }],
  ])('leaves %s to the homeserver’s own words', async (_name, path, { token, status }) => {
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-theirs')).toBe('yes');
  });

  it('respects a filter that the homeserver keeps', async () => {
    const [kai, lea] = [user('kai'), user('lea')];
    await admin.share('!k:localhost', kai.userId, lea.userId);
    homeserver.filters.set('7', { presence: { not_senders: [lea.userId] }, room: { timeline: { limit: 1 } } });
    await lea.put('online');
    expect(senders(await sync(kai, { timeout: '0', filter: '7' }))).not.toContain(lea.userId);
    expect(senders(await sync(kai, { timeout: '0', filter: '{"room":{}}' }))).toContain(lea.userId);
    expect(homeserver.syncs().at(-2)?.query.get('filter')).toBe('7');
  });

  it('streams three hundred megabytes in flat memory', async () => {
    const piece = `"p":"${'x'.repeat(1 << 20)}",`;
    homeserver.padding = new Array<string>(PIECES).fill(piece);
    let bytes = 0;
    let mostRss = 0;
    const rssBefore = process.memoryUsage.rss();
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done): void {
        bytes += chunk.length;
        mostRss = Math.max(mostRss, process.memoryUsage.rss());
        setImmediate(done);
      },
    });
    await new Promise<void>((resolve, reject) => {
      const headers = { authorization: 'Bearer TOKEN-mia-D' };
      request(`${url}/_matrix/client/v3/sync?timeout=0`, { headers }, (answer) => {
        pipeline(answer, sink).then(resolve, reject);
      }).end();
    });
    homeserver.padding = [];
    expect(bytes).toBeGreaterThan(PIECES * piece.length);
    // Both servers and the client are in this process: still not half of one body.
    expect(mostRss - rssBefore).toBeLessThan(bytes / 2);
  });
});

describe('everything else', () => {
  it('goes through byte for byte, in both directions', async () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
    const answer = await fetch(`${url}/_matrix/media/v3/upload?filename=a%20b&x=rc~y`, {
      method: 'POST',
      headers: { 'content-type': 'image/png', authorization: 'Bearer whatever' },
      body: Readable.toWeb(Readable.from([body.subarray(0, 70_000), body.subarray(70_000)])) as never,
      duplex: 'half',
    } as RequestInit);
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(answer.headers.get('x-odd-header')).toBe('kept');
    expect(Buffer.from(await answer.arrayBuffer()).equals(body)).toBe(true);
    const reached = homeserver.reached.at(-1);
    expect(reached?.headers['x-forwarded-for']).toContain('127.0.0.1');
    expect(reached?.headers['x-forwarded-proto']).toBe('http');
    expect(reached?.query.get('filename')).toBe('a b');
  });

  it('says by what a request came only if nobody before it said where from', async () => {
    const forwarded = async (headers: Record<string, string>): Promise<unknown> => {
      await fetch(`${url}/_matrix/media/v3/upload`, { method: 'POST', headers });
      return homeserver.reached.at(-1)?.headers['x-forwarded-proto'];
    };
    expect(await forwarded({ 'x-forwarded-for': '10.0.0.1' })).toBeUndefined();
    expect(await forwarded({ 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'https' })).toBe('https');
  });

  it('sees the homeserver’s own tokens', async () => {
    const { next_batch: since } = await sync(user('nora'), { timeout: '0' });
    const { body } = await user('nora').ask(
      'GET',
      `/_matrix/client/v3/keys/changes?from=${since}&to=${encodeURIComponent(since)}`,
    );
    expect(body['seen']).toMatch(/^\?from=s\d+~x&to=s\d+~x$/);
  });

  it('says in /versions what the homeserver says, and how busy is shown', async () => {
    const { body } = await user('nora').ask('GET', '/_matrix/client/versions');
    expect(body).toEqual({
      versions: ['v1.11'],
      unstable_features: { 'org.example.theirs': true, 'org.matrix.msc3026.busy_presence': true },
    });
  });

  it('tells of a homeserver that is away, and never logs anybody out for it', async () => {
    const { port } = homeserver;
    const oskar = user('oskar');
    const at = await sync(oskar, { timeout: '0' });
    await homeserver.stop();
    const answers: Answer[] = [
      await oskar.ask('GET', `/_matrix/client/v3/sync?since=${at.next_batch}&timeout=0`),
      await oskar.ask('GET', '/_matrix/client/v3/joined_rooms'),
      await user('unknown').ask('GET', '/_matrix/client/v3/sync'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([502, 502, 502]);
    // Whom we know may still say how they are.
    expect((await oskar.put('busy')).status).toBe(200);
    homeserver = await FakeHomeserver.start(port);
    homeserver.say('one');
    expect((await sync(oskar, { since: at.next_batch.replace(/~s\d+~x$/, '~s0~x'), timeout: '0' })).messages).toEqual([
      'one',
    ]);
  });
});
