// The application service over real HTTP, on a log in memory that may fail on command.
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { topicNames, topicSpecs } from '#libs/contracts';
import { FaultyEventLog, MemoryEventLog, type LogFaults } from '#libs/event-log';
import { Journal, LogModule, WallClock, readConfiguration, serve, type RunningProcess } from '#libs/runtime';
import { BridgeModule, registrationText } from '../src/index.js';
import { bridgeAdapter } from '../src/bridge-adapter.js';

@Module({})
class ServedModule {}

const HS_TOKEN = 'the-hs-token';
const topics = topicNames('presence.');
const folder = mkdtempSync(join(tmpdir(), 'rollcall-bridge-'));
const faults: LogFaults = {};
const log = new FaultyEventLog(new MemoryEventLog(), faults);
const clock = new (class extends WallClock {
  aheadMs = 0;
  override nowMs(): number {
    return super.nowMs() + this.aheadMs;
  }
})();
let running: RunningProcess;
let transaction = 0;

beforeAll(async () => {
  const file = join(folder, 'registration.yaml');
  const secrets = { asToken: 'the-as-token', hsToken: HS_TOKEN };
  writeFileSync(
    file,
    registrationText({ id: 'rollcall', url: 'http://x', senderLocalpart: 'rollcall', serverName: 'hs', ...secrets }),
  );
  const environment = {
    HTTP_PORT: '0',
    KAFKA_BROKERS: '127.0.0.1:1',
    BRIDGE_REGISTRATION_FILE: file,
    PUBLIC_ROOMS: 'withhold',
    PARTITIONS: '2',
  };
  const { configuration } = readConfiguration(environment, 'bridge');
  running = await serve({
    configuration,
    clock,
    journal: Journal.silent(),
    adapter: bridgeAdapter,
    module: (read) => ({
      module: ServedModule,
      imports: [
        LogModule.with({
          open: () => Promise.resolve(log),
          prepare: (opened) => opened.createTopics(topicSpecs(read.topics)),
        }),
        BridgeModule,
      ],
    }),
  });
});

afterAll(async () => {
  faults.unreachable = false;
  await running.stop();
  rmSync(folder, { recursive: true });
});

async function put(
  body: unknown,
  { id = `t${String((transaction += 1))}`, path = '/_matrix/app/v1/transactions', token = HS_TOKEN } = {},
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${String(running.url)}${path}/${id}`, {
    method: 'PUT',
    headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
}

async function values(topic: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for (const [partition, end] of (await log.ends(topic)).entries()) {
    for await (const { records } of log.read(topic, partition, 0, end)) {
      for (const { value } of records)
        if (value !== null) found.push(JSON.parse(Buffer.from(value).toString()) as Record<string, unknown>);
    }
  }
  return found;
}

const member = (user: string, membership: string, room = '!r:hs'): object => ({
  type: 'm.room.member',
  room_id: room,
  state_key: user,
  sender: user,
  content: { membership },
});
const said = (user: string, atMs: number): object => ({
  type: 'm.room.message',
  room_id: '!r:hs',
  sender: user,
  origin_server_ts: atMs,
  content: { body: 'not for the log' },
});

describe('the bridge', () => {
  it('writes memberships in order, policies and activity, and answers when they are durable', async () => {
    const rules = {
      type: 'm.room.join_rules',
      state_key: '',
      room_id: '!r:hs',
      sender: '@a:hs',
      content: { join_rule: 'public' },
    };
    const events = [
      rules,
      member('@a:hs', 'join'),
      member('@a:hs', 'leave'),
      member('@a:hs', 'join'),
      said('@a:hs', clock.nowMs() - 5_000),
    ];
    expect(await put({ events })).toEqual({ status: 200, body: {} });
    const memberships = (await values(topics.memberships)).filter(({ user_id: user }) => user === '@a:hs');
    expect(memberships.map(({ membership }) => membership)).toEqual(['join', 'leave', 'join']);
    expect(await values(topics.rooms)).toEqual([{ type: 'room.policy', v: 1, room_id: '!r:hs', presence: 'withhold' }]);
    const [active] = await values(topics.activity);
    expect(active).toMatchObject({ type: 'device.active', v: 1, user_id: '@a:hs' });
    expect(active?.['ago_ms']).toBeGreaterThanOrEqual(5_000);
    expect(active?.['ago_ms']).toBeLessThan(15_000);
  });

  it('takes a transaction once, also when it comes twice at the same time', async () => {
    const before = (await values(topics.memberships)).length;
    const body = { events: [member('@twice:hs', 'join')] };
    const answers = await Promise.all([put(body, { id: 'same' }), put(body, { id: 'same' })]);
    answers.push(await put(body, { id: 'same' }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await values(topics.memberships)).length).toBe(before + 1);
  });

  it('takes other events under an id that was there before: a homeserver may count from 1 again when it starts', async () => {
    const before = (await values(topics.memberships)).length;
    expect((await put({ events: [member('@again:hs', 'join')] }, { id: '1' })).status).toBe(200);
    expect((await put({ events: [member('@again:hs', 'leave')] }, { id: '1' })).status).toBe(200);
    const written = (await values(topics.memberships)).filter(({ user_id: user }) => user === '@again:hs');
    expect(written.map(({ membership }) => membership)).toEqual(['join', 'leave']);
    expect((await values(topics.memberships)).length).toBe(before + 2);
  });

  it('passes by a join and a rule that come after what is newer, as from a homeserver that was killed before', async () => {
    const ruled = (word: string): object => ({
      type: 'm.room.join_rules',
      state_key: '',
      room_id: '!late:hs',
      sender: '@late:hs',
      content: { join_rule: word },
    });
    const of = (event: object, agoMs: number): object => ({ ...event, origin_server_ts: clock.nowMs() - agoMs });
    const late = { events: [of(ruled('public'), 30_000), of(member('@late:hs', 'join'), 30_000)] };
    await put({ events: [of(ruled('invite'), 5_000), of(member('@late:hs', 'leave'), 5_000)] }, { id: '6' });
    expect((await put(late, { id: '5' })).status).toBe(200);
    const words = (await values(topics.memberships)).filter(({ user_id: user }) => user === '@late:hs');
    expect(words.map(({ membership }) => membership)).toEqual(['leave']);
    const rules = (await values(topics.rooms)).filter(({ room_id: room }) => room === '!late:hs');
    expect(rules.map(({ presence }) => presence)).toEqual(['share']);
    const metrics = await (await fetch(`${String(running.url)}/metrics`)).text();
    expect(metrics).toMatch(/^rollcall_bridge_overtaken_events_total 2$/m);
  });

  it('tells one activity of a user in 20 seconds, and of a typist only the beginning', async () => {
    const activityOf = async (user: string): Promise<number> =>
      (await values(topics.activity)).filter(({ user_id: of }) => of === user).length;
    const typing = (...users: string[]): object => ({
      ephemeral: [{ type: 'm.typing', room_id: '!r:hs', content: { user_ids: users } }],
    });
    await put(typing('@t:hs'));
    await put({ events: [said('@t:hs', clock.nowMs()), said('@t:hs', clock.nowMs())] });
    expect(await activityOf('@t:hs')).toBe(1);
    clock.aheadMs += 21_000;
    await put(typing('@t:hs', '@u:hs'));
    expect(await activityOf('@t:hs')).toBe(1);
    expect(await activityOf('@u:hs')).toBe(1);
    await put(typing());
    await put(typing('@t:hs'));
    expect(await activityOf('@t:hs')).toBe(2);
  });

  it('answers 503 while the log is away, and takes the same transaction when it comes again', async () => {
    faults.unreachable = true;
    const body = { events: [member('@later:hs', 'join')] };
    expect((await put(body, { id: 'later' })).status).toBe(503);
    faults.unreachable = false;
    expect((await put(body, { id: 'later' })).status).toBe(200);
    const joined = (await values(topics.memberships)).filter(({ user_id: user }) => user === '@later:hs');
    expect(joined).toHaveLength(1);
  });

  it.each(['/_matrix/app/v1/transactions', '/transactions'])(
    'serves %s, with the homeserver’s token only',
    async (path) => {
      expect((await put({ events: [] }, { path })).status).toBe(200);
      expect(await put({ events: [] }, { path, token: 'another' })).toMatchObject({
        status: 403,
        body: { errcode: 'M_FORBIDDEN' },
      });
      expect(await put({ events: [] }, { path, token: '' })).toMatchObject({
        status: 401,
        body: { errcode: 'M_MISSING_TOKEN' },
      });
      const parameter = await put({ events: [] }, { path, token: '', id: `p${path.length}?access_token=${HS_TOKEN}` });
      expect(parameter.status).toBe(200);
    },
  );

  it('answers what homeservers ask besides', async () => {
    const ask = async (method: string, path: string): Promise<number> =>
      (await fetch(`${String(running.url)}${path}`, { method, headers: { authorization: `Bearer ${HS_TOKEN}` } }))
        .status;
    expect(await ask('GET', '/_matrix/app/v1/users/@nobody:hs')).toBe(404);
    expect(await ask('GET', '/_matrix/app/v1/rooms/%23nowhere:hs')).toBe(404);
    expect(await ask('POST', '/_matrix/app/v1/ping')).toBe(200);
  });

  it.each(['not JSON', '[]', '"text"'])('refuses %j as a transaction', async (body) => {
    expect((await put(body)).status).toBe(400);
  });
});
