// Writes: nothing is 200 that may be lost; limits; the administrator's lines; overrides (issue 3 item 8, design.md section 8).
import { ALICE, AheadClock, ServedGateway, statusPath, until } from './served-gateway.js';

jest.setTimeout(60_000);
const COMMANDS = 'presence.commands';
const SYNC = '/_matrix/client/v3/sync';
let gateway: ServedGateway;
const clock = new AheadClock();
beforeAll(async () => {
  gateway = await ServedGateway.start(
    { PUT_PER_SECOND: '0.1', PUT_BURST: '1' },
    { clock, bounds: { maxDurableMs: 2_000 } },
  );
});
afterAll(() => gateway.stop());
beforeEach(() => {
  clock.aheadMs += 60_000;
  gateway.faults.unreachable = false;
  gateway.faults.appendFate = undefined;
  gateway.faults.beforeWrite = undefined;
});

describe('a PUT', () => {
  it('SY-R4 beyond the limit is 429, and writes nothing', async () => {
    const before = (await gateway.records(COMMANDS)).length;
    const begunMs = performance.now();
    expect((await gateway.put({ presence: 'online' })).status).toBe(200);
    const refused = await gateway.put({ presence: 'offline' });
    expect(refused).toMatchObject({ status: 429, body: { errcode: 'M_LIMIT_EXCEEDED' } });
    // Ten seconds after the first, however long ago that is.
    const sinceS = (performance.now() - begunMs) / 1_000;
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(10);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThanOrEqual(Math.ceil(10 - sinceS));
    expect(await gateway.records(COMMANDS)).toHaveLength(before + 1);
  });

  it('SY-R5 is taken again half a minute later: two commands', async () => {
    const before = (await gateway.records(COMMANDS)).length;
    expect((await gateway.put({ presence: 'online' })).status).toBe(200);
    clock.aheadMs += 30_000;
    expect((await gateway.put({ presence: 'online' })).status).toBe(200);
    expect(await gateway.records(COMMANDS)).toHaveLength(before + 2);
  });

  it.each([
    ['cannot be reached', () => (gateway.faults.unreachable = true)],
    ['fails', () => (gateway.faults.appendFate = () => 'lost')],
    ['does not say whether it wrote', () => (gateway.faults.appendFate = () => 'unseen')],
    ['says nothing', () => (gateway.faults.beforeWrite = () => new Promise(() => undefined))],
  ])('is 503 with Retry-After while the log %s', async (_what, hurt) => {
    hurt();
    const refused = await gateway.put({ presence: 'online' });
    expect(refused).toMatchObject({ status: 503, body: { errcode: 'M_UNKNOWN' } });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('does not keep reads and syncs from being answered while the log is away, whatever their token', async () => {
    const { next_batch: since } = (await gateway.ask('GET', SYNC)).body as { next_batch: string };
    const [head, partition, , ...rest] = since.split('_');
    gateway.faults.unreachable = true;
    expect((await gateway.ask('GET', statusPath(ALICE))).status).toBe(200);
    const ahead = [head, partition, 'zzz', ...rest].join('_');
    for (const query of ['', `?since=${since}`, `?since=${ahead}`, '?since=r1_9_9_9_AAAAAAAA_0.0']) {
      expect((await gateway.ask('GET', SYNC + query)).status).toBe(200);
    }
  });

  it('is 200 when it is durable, though nobody folds it: the wait is bounded', async () => {
    expect((await gateway.put({ presence: 'online' })).status).toBe(200);
  });
});

describe("the administrator's lines", () => {
  const post = (topic: string, body: string | Buffer, token = 'dev|admin') =>
    gateway.ask('POST', `/_rollcall/v1/${topic}`, { token, body });
  const JOIN = { room_id: '!r:hs', user_id: '@a:hs', membership: 'join' };

  it('are taken one by one: good ones are written, bad ones reported with their numbers', async () => {
    const lines = [
      JSON.stringify(JOIN),
      'no json',
      '',
      JSON.stringify({ ...JOIN, membership: 'dance' }),
      `${JSON.stringify({ ...JOIN, user_id: '@b:hs', type: 'room.membership', v: 1 })}\r`,
      '[]',
    ];
    const answer = await post('memberships', lines.join('\n'));
    expect(answer.status).toBe(200);
    const { accepted, rejected } = answer.body as { accepted: number; rejected: { line: number; error: string }[] };
    expect(accepted).toBe(2);
    expect(rejected.map(({ line }) => line)).toEqual([2, 4, 6]);
    for (const { error } of rejected) expect(error.length).toBeGreaterThan(5);
    expect((await gateway.records('presence.memberships')).map(({ user_id }) => user_id).sort()).toEqual([
      '@a:hs',
      '@b:hs',
    ]);
  });

  it('are in the views here when they are answered', async () => {
    await post(
      'memberships',
      ['@x:hs', '@y:hs'].map((user_id) => JSON.stringify({ ...JOIN, room_id: '!xy:hs', user_id })).join('\n'),
    );
    expect((await gateway.ask('GET', statusPath('@y:hs'), { token: 'dev|@x:hs|D' })).status).toBe(200);
    await post('rooms', '{"room_id":"!xy:hs","presence":"withhold"}');
    expect((await gateway.ask('GET', statusPath('@y:hs'), { token: 'dev|@x:hs|D' })).status).toBe(403);
  });

  it('may leave out v everywhere, type only for memberships and rooms', async () => {
    expect((await post('activity', '{"type":"device.active","user_id":"@a:hs"}')).body).toEqual({
      accepted: 1,
      rejected: [],
    });
    expect((await post('commands', '{"type":"user.forget","user_id":"@a:hs"}')).body).toEqual({
      accepted: 1,
      rejected: [],
    });
    expect((await post('activity', '{"user_id":"@a:hs"}')).body).toMatchObject({
      accepted: 0,
      rejected: [{ line: 1 }],
    });
    expect((await gateway.records('presence.activity')).at(-1)).toMatchObject({
      type: 'device.active',
      v: 1,
      user_id: '@a:hs',
    });
  });

  it('may be 16 MiB, and no more', async () => {
    const line = `${JSON.stringify({ type: 'device.active', user_id: '@a:hs' })}\n`;
    const most = Math.floor((16 * 1024 * 1024) / line.length);
    const { status, body } = await post('activity', line.repeat(most));
    expect({ status, accepted: body['accepted'] }).toEqual({ status: 200, accepted: most });
    expect(await post('activity', ' '.repeat(16 * 1024 * 1024 + 1))).toMatchObject({
      status: 413,
      body: { errcode: 'M_TOO_LARGE' },
    });
  });

  it('that no log takes are reported, and refuse no others', async () => {
    const long = JSON.stringify({ type: 'device.active', user_id: '@a:hs', device_id: 'x'.repeat(2_000_000) });
    const { status, body } = await post('activity', `${long}\n{"type":"device.active","user_id":"@a:hs"}`);
    expect({ status, body }).toMatchObject({ status: 200, body: { accepted: 1, rejected: [{ line: 1 }] } });
  });

  it('must be UTF-8', async () => {
    expect(await post('rooms', Buffer.from([0xff, 0xfe]))).toMatchObject({
      status: 400,
      body: { errcode: 'M_NOT_JSON' },
    });
  });

  it('are 503 while the log is away', async () => {
    gateway.faults.unreachable = true;
    expect((await post('rooms', '{"room_id":"!z:hs","presence":"share"}')).status).toBe(503);
  });

  it('that are bad by the thousands are counted beyond what is listed', async () => {
    const { body } = await post('rooms', 'x\n'.repeat(12_000));
    expect(body).toMatchObject({ accepted: 0, rejected_not_listed: 2_000 });
    expect(body['rejected']).toHaveLength(10_000);
  });
});

describe('an override', () => {
  const path = `/_matrix/client/v3/presence/${encodeURIComponent(ALICE)}/override`;
  const set = (body: unknown, token = `dev|${ALICE}|D`) =>
    gateway.ask('PUT', path, { token, body: JSON.stringify(body) });
  const get = (token = `dev|${ALICE}|D`) => gateway.ask('GET', path, { token });

  it('is set and lifted by the user and by the administrator, and told to them', async () => {
    expect((await get()).body).toEqual({ presence: null });
    expect((await set({ presence: 'busy' })).status).toBe(200);
    expect((await get('dev|admin')).body).toEqual({ presence: 'org.matrix.msc3026.busy' });
    clock.aheadMs += 60_000;
    expect((await set({ presence: null }, 'dev|admin')).status).toBe(200);
    expect((await get()).body).toEqual({ presence: null });
    expect((await gateway.records(COMMANDS)).slice(-2)).toEqual([
      { type: 'presence.override', v: 1, user_id: ALICE, presence: 'busy' },
      { type: 'presence.override', v: 1, user_id: ALICE, presence: null },
    ]);
  });

  it("is nobody else's", async () => {
    expect((await set({ presence: 'busy' }, 'dev|@bob:hs|D')).status).toBe(403);
    expect((await get('dev|@bob:hs|D')).status).toBe(403);
  });

  it('must be a state or null', async () => {
    expect((await set({ presence: 'asleep' })).status).toBe(400);
    expect((await set({ presence: 7 })).status).toBe(400);
  });
});

describe('sessions', () => {
  const activity = async (user: string) =>
    (await gateway.records('presence.activity')).filter(({ user_id }) => user_id === user);

  it('cost one record however often the device polls, and end when the gateway stops', async () => {
    const own = await ServedGateway.start();
    const token = 'dev|@poller:hs|D';
    for (let n = 0; n < 20; n += 1)
      expect((await own.ask('GET', '/_matrix/client/v3/sync', { token })).status).toBe(200);
    const records = await own.records('presence.activity');
    expect(records).toEqual([
      expect.objectContaining({ type: 'device.connected', user_id: '@poller:hs', device_id: 'D', claim: 'auto' }),
    ]);
    const { log } = own.running;
    const closing = own.stop();
    const end = await until('the end of the session', async () => {
      const ends = await log.ends('presence.activity').catch(() => undefined);
      return ends === undefined || (ends[0] ?? 0) + (ends[1] ?? 0) === 2 ? true : undefined;
    });
    expect(end).toBe(true);
    expect(await closing).toBe('finished');
  });

  it('are told of a client that went away in the middle of its poll', async () => {
    const { hostname, port } = gateway.url;
    const user = '@gone:hs';
    const { next_batch: since } = (await gateway.ask('GET', '/_matrix/client/v3/sync', { token: `dev|${user}|D` }))
      .body as { next_batch: string };
    const leaving = new AbortController();
    const poll = fetch(`http://${hostname}:${port}/_matrix/client/v3/sync?timeout=60000&since=${since}`, {
      signal: leaving.signal,
      headers: { authorization: `Bearer dev|${user}|D` },
    });
    await until('the poll to wait', async () =>
      (await gateway.ask('GET', '/metrics')).text.includes('rollcall_gateway_waiting 1') ? true : undefined,
    );
    leaving.abort();
    await expect(poll).rejects.toThrow();
    await until('the place to be free', async () =>
      (await gateway.ask('GET', '/metrics')).text.includes('rollcall_gateway_waiting 0') ? true : undefined,
    );
    expect(await activity(user)).toHaveLength(1);
  });
});
