// The doors of the page over real HTTP: who may ask them, what they refuse and with which words, and the stream of changes with its
// positions.
import { encodeChange, encodeState } from '#libs/contracts';
import type { View } from '#libs/presence';
import { ALICE, ServedGateway, until } from './served-gateway.js';

const ADMIN = 'dev|admin';
const DOORS = ['overview', 'history', 'timeline?user=@alice:localhost', 'pulse', 'moves'];
const OFFLINE: View = { presence: 'offline', currentlyActive: false };
const ONLINE: View = { presence: 'online', currentlyActive: true, lastActiveAtMs: 5 };

interface Changed {
  readonly version: number;
  readonly atMs: number;
  readonly view: View;
}

async function change(served: ServedGateway, userId: string, { version, atMs, view }: Changed): Promise<void> {
  const before = view === ONLINE ? OFFLINE : ONLINE;
  const circumstances = { cause: { topic: 'commands' as const, offset: 1 }, applied: {} };
  const stamp = { userId, life: 0, version };
  const changed = encodeChange({ kind: 'changed', ...stamp, atMs, view, before, ...circumstances });
  const { log } = served.running;
  await log.append('presence.changes', [{ key: userId, value: changed }]);
  await log.append('presence.states', [{ key: userId, value: encodeState({ ...stamp, changedAtMs: atMs, view }) }]);
}

/** The stream's text as far as it has come. */
async function streamed(served: ServedGateway, path: string): Promise<{ text: () => string; close: () => void }> {
  const closing = new AbortController();
  let text = '';
  const response = await fetch(new URL(path, served.url), {
    headers: { authorization: `Bearer ${ADMIN}` },
    signal: closing.signal,
  });
  const read = async (): Promise<void> => {
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>)
      text += Buffer.from(piece).toString();
  };
  read().catch(() => undefined);
  return { text: () => text, close: () => closing.abort() };
}

describe('who may ask', () => {
  let served: ServedGateway;
  beforeAll(async () => {
    served = await ServedGateway.start();
  });
  afterAll(() => served.stop());

  it.each(DOORS)('of %s: the administrator only', async (door) => {
    expect((await served.ask('GET', `/_rollcall/v1/${door}`, { token: null })).status).toBe(401);
    expect(await served.ask('GET', `/_rollcall/v1/${door}`)).toMatchObject({
      status: 403,
      body: { errcode: 'M_FORBIDDEN' },
    });
  });

  it('of the welcome: everybody, and it says who they are', async () => {
    const welcome = async (token: string | null): Promise<unknown> =>
      (await served.ask('GET', '/_rollcall/v1/welcome', { token })).body;
    expect(await welcome(null)).toEqual({ development_token: ADMIN });
    expect(await welcome(ADMIN)).toEqual({ development_token: ADMIN, caller: 'administrator' });
    expect(await welcome(`dev|${ALICE}|PHONE`)).toEqual({ development_token: ADMIN, caller: ALICE });
    expect((await served.ask('GET', '/_rollcall/v1/welcome', { token: 'wrong' })).status).toBe(401);
  });

  it.each([
    [{ host: 'rollcall.example.org' }],
    [{ 'x-forwarded-for': '10.0.0.1' }],
    [{ origin: 'https://elsewhere.example.org' }],
  ])('and no other machine or page is offered a token: %j', async (headers) => {
    expect((await served.ask('GET', '/_rollcall/v1/welcome', { token: null, headers })).body).toEqual({});
  });

  it.each([
    ['overview?at=yesterday', '"at" must be milliseconds since 1970'],
    ['overview?limit=0', '"limit" must be a whole number above 0'],
    ['history?from=9&to=5', '"from" lies after "to"'],
    ['history?points=-1', '"points" must be'],
    ['timeline', '"user" is missing'],
    ['timeline?user=alice', '"user" is no user id'],
  ])('a question that makes no sense is refused with a sentence: %s', async (path, sentence) => {
    const answer = await served.ask('GET', `/_rollcall/v1/${path}`, { token: ADMIN });
    expect([answer.status, String(answer.body['error'])]).toEqual([400, expect.stringContaining(sentence)]);
  });

  it.each([
    ['{', 'M_NOT_JSON'],
    ['{"state":"dancing"}', 'M_INVALID_PARAM'],
    ['{"state":"awake","seed":"x"}', 'M_INVALID_PARAM'],
  ])('a town that is asked for in wrong words is refused: %s', async (body, errcode) => {
    const answer = await served.ask('POST', '/_rollcall/v1/town', { token: ADMIN, body });
    expect([answer.status, answer.body['errcode']]).toEqual([400, errcode]);
  });
});

describe('where development tokens are not taken', () => {
  it('nobody is offered one, and there is no town', async () => {
    const served = await ServedGateway.start({ ADMIN_TOKEN: 'secret' });
    expect((await served.ask('GET', '/_rollcall/v1/welcome', { token: null })).body).toEqual({});
    const answer = await served.ask('POST', '/_rollcall/v1/town', { token: 'secret', body: '{"state":"awake"}' });
    expect(answer).toMatchObject({
      status: 403,
      body: { error: expect.stringContaining('only where development tokens') },
    });
    expect(await served.records('presence.memberships')).toEqual([]);
    expect((await served.ask('GET', '/_rollcall/v1/overview', { token: 'secret' })).status).toBe(200);
    await served.stop();
  });
});

describe('the stream of changes', () => {
  let served: ServedGateway;
  beforeAll(async () => {
    served = await ServedGateway.start();
  });
  afterAll(() => served.stop());

  it('goes on from the position of an overview, so that nothing is missed between the two', async () => {
    await change(served, ALICE, { version: 1, atMs: 1_000, view: ONLINE });
    const { body } = await served.ask('GET', '/_rollcall/v1/overview', { token: ADMIN });
    await change(served, ALICE, { version: 2, atMs: 2_000, view: OFFLINE });
    const stream = await streamed(served, `/_rollcall/v1/moves?since=${String(body['position'])}`);
    const line = await until('the change', () => /^data: (.+)$/m.exec(stream.text())?.[1]);
    expect(JSON.parse(line)).toEqual([
      expect.objectContaining({ user_id: ALICE, version: 2, presence: 'offline', at_ts: 2_000 }),
    ]);
    expect(stream.text()).toMatch(/^event: moves$/m);
    stream.close();
  });

  it('begins with what comes when no position is given', async () => {
    const stream = await streamed(served, '/_rollcall/v1/moves');
    await until('its first comment', () => (stream.text().startsWith(':') ? true : undefined));
    await change(served, '@bob:localhost', { version: 1, atMs: 3_000, view: ONLINE });
    const line = await until('the change', () => /^data: (.+)$/m.exec(stream.text())?.[1]);
    expect(JSON.parse(line)).toHaveLength(1);
    stream.close();
  });

  it.each(['other_3', 'nonsense', '_', 'G.1_99999999999'])(
    'says so when it cannot go on from a position: %s',
    async (since) => {
      const stream = await streamed(served, `/_rollcall/v1/moves?since=${since}`);
      await until('the reset', () => (stream.text().includes('event: reset') ? true : undefined));
      stream.close();
    },
  );

  it('tells a timeline, newest first, and counts over time', async () => {
    const { body } = await served.ask('GET', `/_rollcall/v1/timeline?user=${ALICE}&limit=1`, { token: ADMIN });
    expect(body).toMatchObject({ user_id: ALICE, truncated: true, moves: [{ version: 2, cause: 'commands' }] });
    const history = await served.ask('GET', '/_rollcall/v1/history?from=500&to=2500&points=5', { token: ADMIN });
    expect(history.body).toMatchObject({
      from_ts: 500,
      step_ms: 500,
      online: [0, 1, 1, 0, 0],
      changes: [0, 1, 0, 1, 0],
    });
  });

  it('ends in order when the gateway stops', async () => {
    const other = await ServedGateway.start();
    const stream = await streamed(other, '/_rollcall/v1/moves');
    await until('its first comment', () => (stream.text().startsWith(':') ? true : undefined));
    await expect(other.stop()).resolves.toBe('finished');
  });
});
