// Long polls and streams over real HTTP, with frames written by hand: what arrives, with which tokens, within which bounds.
import { encodeFrame, encodeMembership, encodeState, frameHeaders, membershipKey } from '#libs/contracts';
import type { NewRecord } from '#libs/event-log';
import { presenceEventFaults } from '#libs/testing';
import type { View } from '#libs/presence';
import { request, type IncomingMessage } from 'node:http';
import { ALICE, ServedGateway, until, type Asked } from './served-gateway.js';

jest.setTimeout(60_000);
const BOB = '@bob:localhost';
const SYNC = '/_matrix/client/v3/sync';
const ONLINE: View = { presence: 'online', currentlyActive: true, lastActiveAtMs: 1 };
const OFFLINE: View = { presence: 'offline', currentlyActive: false };

interface Event {
  readonly id?: string;
  readonly event?: string;
  readonly sender: string;
  readonly presence: string;
}

/** Writes what the engine would: a version of bob's state, and its frame to alice. */
class Engine {
  #version = 0;

  constructor(private readonly gateway: ServedGateway) {}

  async share(...users: string[]): Promise<void> {
    const { log } = this.gateway.running;
    await log.append(
      'presence.memberships',
      users.map((userId) => ({ key: membershipKey('!r:hs', userId), value: encodeMembership({ roomId: '!r:hs', userId, membership: 'join' }) })),
    );
    await until('the memberships', async () => ((await this.gateway.ask('GET', `/_matrix/client/v3/presence/${String(users[1])}/status`)).status === 200 ? true : undefined));
  }

  async tell(userId: string, view: View, to: readonly string[] = [ALICE]): Promise<void> {
    const stamp = this.#stamp(userId);
    await this.gateway.running.log.append('presence.states', [{ key: userId, value: encodeState({ ...stamp, view }) }]);
    for (const recipient of to) await this.gateway.running.log.append('presence.deliveries', [this.#frame({ ...stamp, view }, recipient)]);
  }

  /** So many frames to alice in one go. */
  async tellOften(userId: string, times: number, statusMsg: string): Promise<void> {
    const frames = Array.from({ length: times }, () => this.#frame({ ...this.#stamp(userId), view: { ...ONLINE, statusMsg } }, ALICE));
    await this.gateway.running.log.append('presence.deliveries', frames);
  }

  #stamp(userId: string): { userId: string; life: number; version: number; changedAtMs: number } {
    this.#version += 1;
    return { userId, life: 0, version: this.#version, changedAtMs: Date.now() };
  }

  /** Of many at once, by memberships of which this gateway will never hear. */
  async tellFromAhead(userIds: readonly string[]): Promise<void> {
    const headers = frameHeaders({ memberships: [1_000_000, 1_000_000], rooms: [], changes: [] });
    const frames = userIds.map((userId) => ({ ...this.#frame({ ...this.#stamp(userId), view: ONLINE }, ALICE), headers }));
    await this.gateway.running.log.append('presence.deliveries', frames);
  }

  #frame(told: { userId: string; life: number; version: number; changedAtMs: number; view: View }, recipient: string): NewRecord {
    const value = encodeFrame({ entries: [{ kind: 'shown', ...told, to: [recipient] }] });
    return { key: null, value, headers: frameHeaders({ memberships: [], rooms: [], changes: [] }), partition: this.gateway.running.log.partitionOf(recipient, 2) };
  }
}

class Stream {
  text = '';
  ended = false;

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (chunk: string) => (this.text += chunk));
    response.on('close', () => (this.ended = true));
    response.on('error', () => (this.ended = true));
  }

  static open(gateway: ServedGateway, query = '', { token = `dev|${ALICE}|PHONE`, headers = {} }: Asked = {}): Promise<Stream> {
    const { hostname, port } = gateway.url;
    return new Promise((resolve, reject) => {
      const sent = request({ host: hostname, port, path: `/_rollcall/v1/stream${query}`, headers: { authorization: `Bearer ${String(token)}`, ...headers }, agent: false });
      sent.once('response', (response) => {
        resolve(new Stream(response));
      });
      sent.once('error', reject);
      sent.end();
    });
  }

  events(): Event[] {
    return this.text
      .split('\n\n')
      .slice(0, -1)
      .filter((block) => !block.startsWith(':'))
      .map((block) => {
        const fields = Object.fromEntries(block.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]));
        const told = JSON.parse(String(fields['data'])) as { sender: string; content: { presence: string } };
        expect(presenceEventFaults(told)).toEqual([]);
        return { ...(fields['id'] === undefined ? {} : { id: fields['id'] }), event: String(fields['event']), sender: told.sender, presence: told.content.presence };
      });
  }

  async has(count: number): Promise<Event[]> {
    return until(`${String(count)} events, not ${this.text}`, () => (this.events().length >= count ? this.events() : undefined));
  }

  close(): void {
    this.response.destroy();
  }
}

let gateway: ServedGateway;
let engine: Engine;
beforeAll(async () => {
  gateway = await ServedGateway.start({}, { bounds: { streamCommentMs: 50, maxWaitingPerUser: 3, maxPollMs: 300 } });
  engine = new Engine(gateway);
  await engine.share(ALICE, BOB);
});
afterAll(() => gateway.stop());

describe('a stream', () => {
  it('begins with what a first sync shows, goes on with news, and comments between', async () => {
    await engine.tell(BOB, ONLINE);
    const stream = await until('bob in a first sync', async () => {
      const opened = await Stream.open(gateway);
      if ((await opened.has(0)).length > 0 || (await until('a comment', () => (opened.text.includes(':\n\n') ? true : undefined)), opened.events().length > 0)) return opened;
      opened.close();
      return undefined;
    });
    expect(stream.response.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(await stream.has(1)).toEqual([{ id: expect.any(String) as string, event: 'presence', sender: BOB, presence: 'online' }]);
    await engine.tell(BOB, OFFLINE);
    expect((await stream.has(2)).at(-1)).toMatchObject({ sender: BOB, presence: 'offline' });
    await until('comments', () => (stream.text.split(':\n\n').length > 3 ? true : undefined));
    stream.close();
  });

  it.each([
    ['?since=', (id: string) => ({ query: `?since=${id}`, headers: {} })],
    ['Last-Event-ID, the newer word', (id: string) => ({ query: '?since=r1_0_0_0_AAAAAAAA_0.0', headers: { 'last-event-id': id } })],
  ])('resumes by %s', async (_what, how) => {
    const first = await Stream.open(gateway);
    await engine.tell(BOB, ONLINE);
    const { id = '' } = (await first.has(1)).at(-1) ?? {};
    first.close();
    await engine.tell(BOB, OFFLINE);
    const { query, headers } = how(id);
    const second = await Stream.open(gateway, query, { headers });
    expect(await second.has(1)).toEqual([expect.objectContaining({ sender: BOB, presence: 'offline' })]);
    second.close();
  });

  it('answers a token that cannot be followed with the fallback', async () => {
    await engine.tell(BOB, OFFLINE);
    const stream = await Stream.open(gateway, `?since=r1_0_0_${Date.now().toString(36)}_AAAAAAAA_0.0`);
    expect((await stream.has(1)).some(({ sender, presence }) => sender === BOB && presence === 'offline')).toBe(true);
    stream.close();
  });

  it('refuses a token that is none before it begins', async () => {
    const stream = await Stream.open(gateway, '?since=s1_2_3');
    expect(stream.response.statusCode).toBe(400);
  });

  it('of everybody is the administrator\'s, and resumes', async () => {
    const admin = { token: 'dev|admin' };
    expect((await Stream.open(gateway, '', admin)).response.statusCode).toBe(403);
    const stream = await Stream.open(gateway, '?all=true', admin);
    await engine.tell('@stranger:elsewhere', ONLINE, []);
    const seen = await until('the stranger', () => stream.events().find(({ sender }) => sender === '@stranger:elsewhere'));
    stream.close();
    await engine.tell('@stranger:elsewhere', OFFLINE, []);
    const again = await Stream.open(gateway, `?all=true&since=${String(seen.id)}`, admin);
    await until('the stranger offline', () => again.events().find(({ sender, presence }) => sender === '@stranger:elsewhere' && presence === 'offline'));
    again.close();
    expect((await Stream.open(gateway, '?all=true&since=nonsense', admin)).response.statusCode).toBe(400);
  });

  it('is a session only when it says so', async () => {
    const claims = async (user: string): Promise<unknown[]> => (await gateway.records('presence.activity')).filter(({ user_id }) => user_id === user).map(({ claim }) => claim);
    for (const [user, query] of [['@s1:hs', ''], ['@s2:hs', '?set_presence=offline'], ['@s3:hs', '?set_presence=unavailable'], ['@s4:hs', '?set_presence=online']] as const) {
      (await Stream.open(gateway, query, { token: `dev|${user}|D` })).close();
    }
    await until('the claim', async () => ((await claims('@s4:hs')).length > 0 ? true : undefined));
    expect([await claims('@s1:hs'), await claims('@s2:hs'), await claims('@s3:hs'), await claims('@s4:hs')]).toEqual([[], [], ['unavailable'], ['online']]);
  });

  it('more than a user may have ends the oldest', async () => {
    const token = 'dev|@many:hs|D';
    const streams: Stream[] = [];
    for (let n = 0; n < 4; n += 1) streams.push(await Stream.open(gateway, '', { token }));
    await until('the oldest to end', () => (streams[0]?.ended === true ? true : undefined));
    expect(streams.slice(1).map(({ ended }) => ended)).toEqual([false, false, false]);
    for (const stream of streams) stream.close();
  });

  it('that reads slowly is not queued for: it finds the latest state', async () => {
    const stream = await Stream.open(gateway);
    await until('a comment', () => (stream.text === '' ? undefined : true));
    stream.response.pause();
    // 20 MB: more than the sockets between us hold.
    await engine.tellOften(BOB, 10_000, 'x'.repeat(2_000));
    await engine.tell(BOB, { ...OFFLINE, statusMsg: 'last' });
    stream.response.resume();
    const events = await until('the last', () => (stream.text.includes('"status_msg":"last"') ? stream.events() : undefined));
    expect(events.at(-1)).toMatchObject({ sender: BOB, presence: 'offline' });
    expect(events.length).toBeLessThan(10_000);
    stream.close();
  });
});

describe('a long poll', () => {
  const poll = async (query: string, token?: string) => {
    const { status, body } = await gateway.ask('GET', `${SYNC}?set_presence=offline&${query}`, token === undefined ? {} : { token });
    expect(status).toBe(200);
    const { next_batch: since, presence } = body as { next_batch: string; presence: { events: { sender: string }[] } };
    return { since, senders: presence.events.map(({ sender }) => sender) };
  };

  it('waits no longer than the bound, however long it asks', async () => {
    const { since } = await poll('');
    const started = performance.now();
    expect((await poll(`timeout=3600000&since=${since}`)).senders).toEqual([]);
    const tookMs = performance.now() - started;
    expect(tookMs).toBeGreaterThanOrEqual(290);
    expect(tookMs).toBeLessThan(20_000);
  });

  it('without since, or with full_state, does not wait', async () => {
    const { since } = await poll('timeout=300');
    await engine.tell(BOB, ONLINE);
    await until('bob', async () => ((await poll(`timeout=300&since=${since}`)).senders.includes(BOB) ? true : undefined));
    expect((await poll(`full_state=true&timeout=300&since=${since}`)).senders).toContain(BOB);
  });

  it('with a token ahead of this gateway waits and gives the token back', async () => {
    const { since } = await poll('');
    const [head, partition, offset, ...rest] = since.split('_');
    const beyond = [head, partition, (Number.parseInt(String(offset), 36) + 1_000).toString(36), ...rest].join('_');
    // The log itself ends before it: the fallback, at once, with a token that can be followed.
    const { since: mended } = await poll(`timeout=300&since=${beyond}`);
    expect(mended).not.toBe(beyond);
    expect((await poll(`since=${mended}`)).senders).toEqual([]);
  });

  it("with another user's token is answered by the fallback", async () => {
    const { since } = await poll('', 'dev|@carol:hs|D');
    await engine.tell(BOB, OFFLINE);
    const { senders } = await poll(`since=${since}`);
    expect(senders).toContain(BOB);
  });

  it('by two devices with one token each is told the same', async () => {
    const { since } = await poll('');
    await engine.tell(BOB, ONLINE);
    for (const device of ['ONE', 'TWO']) {
      expect(await until('bob', async () => (await poll(`timeout=300&since=${since}`, `dev|${ALICE}|${device}`)).senders.find((sender) => sender === BOB))).toBe(BOB);
    }
  });
});

describe('a gateway that keeps news of few', () => {
  const others = ['@c:localhost', '@d:localhost', '@e:localhost', '@f:localhost', '@g:localhost'];
  let small: ServedGateway;
  let near: Engine;
  beforeAll(async () => {
    small = await ServedGateway.start({}, { bounds: { maxSendersAtOnce: 2, streamCommentMs: 50 } });
    near = new Engine(small);
    await near.share(ALICE, ...others);
  });
  afterAll(() => small.stop());

  it('tells a stream that missed some of it everything shown, and goes on', async () => {
    const stream = await Stream.open(small);
    await until('a comment', () => (stream.text.includes(':\n\n') ? true : undefined));
    await Promise.all(others.map((user) => near.tell(user, ONLINE)));
    const seen = (): string[] => [...new Set(stream.events().map(({ sender }) => sender))].sort();
    await until('all of them', () => (seen().length === others.length ? true : undefined));
    expect(seen()).toEqual(others);
    const before = stream.events().length;
    await near.tell('@c:localhost', OFFLINE);
    expect((await stream.has(before + 1)).at(-1)).toMatchObject({ sender: '@c:localhost', presence: 'offline' });
    stream.close();
  });

  it('does not spin over a stream whose own snapshot it cannot follow yet', async () => {
    await near.tellFromAhead(others);
    const filter = encodeURIComponent(JSON.stringify({ presence: { not_types: ['m.presence'] } }));
    const stream = await Stream.open(small, `?filter=${filter}`);
    await new Promise((wake) => setTimeout(wake, 700));
    expect((await small.ask('GET', '/health/live')).status).toBe(200);
    const { text } = await small.ask('GET', '/metrics');
    const lost = Number(/rollcall_gateway_snapshots_total\{reason="lost"\} (\d+)/.exec(text)?.[1] ?? 0);
    expect(lost).toBeGreaterThan(2);
    expect(lost).toBeLessThan(30);
    stream.close();
  });
});
