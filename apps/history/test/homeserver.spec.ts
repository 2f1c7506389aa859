// `rollcall import homeserver` and `rollcall bridge registration`, against an admin API that changes while it is read.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicSpecs } from '#libs/contracts';
import { Bench } from './bench.js';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-homeserver-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A homeserver's rooms as the admin API shows them. */
class AdminRooms {
  readonly rooms = new Map<string, { joinRule: string; members: string[] }>();
  asked = 0;
  /** Called before each answer about members. */
  meanwhile: (roomId: string) => Promise<void> | void = () => undefined;

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    this.asked += 1;
    const { authorization } = init.headers as { authorization: string };
    if (authorization !== 'Bearer admin-secret') return new Response('{}', { status: 403 });
    const { pathname, searchParams } = new URL(url);
    const [, roomId] = /^\/_synapse\/admin\/v1\/rooms\/([^/]+)\/members$/.exec(pathname) ?? [];
    if (roomId !== undefined) {
      const id = decodeURIComponent(roomId);
      const found = this.rooms.get(id);
      const answer = found && Response.json({ members: [...found.members], total: found.members.length });
      await this.meanwhile(id);
      return answer ?? new Response('{}', { status: 404 });
    }
    const from = Number(searchParams.get('from'));
    const all = [...this.rooms].map(([id, { joinRule }]) => ({ room_id: id, join_rules: joinRule }));
    const page = all.slice(from, from + 2);
    return Response.json({
      rooms: page,
      total_rooms: all.length,
      ...(from + 2 < all.length ? { next_batch: from + 2 } : {}),
    });
  };
}

async function bench(admin: AdminRooms, changes: { ending?: AbortSignal } = {}): Promise<Bench> {
  const made = new Bench({ fetch: admin.fetch, folders: [folder], ...changes });
  made.environment['HOMESERVER_ADMIN_TOKEN'] = 'admin-secret';
  made.environment['PUBLIC_ROOMS'] = 'withhold';
  await made.log.createTopics(topicSpecs({ prefix: 'presence.', partitions: 8, deliveryPartitions: 8 }));
  return made;
}

async function joined(at: Bench): Promise<string[]> {
  const last = new Map<string, string>();
  for (const { value } of await at.records('memberships')) {
    const { room_id: room, user_id: user, membership } = value as Record<string, string>;
    last.set(`${String(room)} ${String(user)}`, String(membership));
  }
  return [...last]
    .filter(([, membership]) => membership === 'join')
    .map(([pair]) => pair)
    .sort();
}

const run = ['import', 'homeserver', 'http://hs', '--json'];

describe('rollcall import homeserver', () => {
  it('writes what the log does not say, and nothing when it is repeated', async () => {
    const admin = new AdminRooms();
    admin.rooms.set('!a:hs', { joinRule: 'invite', members: ['@a:hs', '@b:other'] });
    admin.rooms.set('!b:hs', { joinRule: 'public', members: ['@a:hs'] });
    admin.rooms.set('!c:hs', { joinRule: 'invite', members: [] });
    const at = await bench(admin);
    const first = await at.run(run);
    expect(JSON.parse(first.stdout)).toEqual({ rooms: 3, joins: 3, leaves: 0, policies: 1, unknown: 0 });
    expect(await joined(at)).toEqual(['!a:hs @a:hs', '!a:hs @b:other', '!b:hs @a:hs']);
    expect((await at.records('rooms')).map(({ value }) => value)).toEqual([
      { type: 'room.policy', v: 1, room_id: '!b:hs', presence: 'withhold' },
    ]);
    admin.rooms.get('!a:hs')?.members.pop();
    expect(JSON.parse((await at.run(run)).stdout)).toMatchObject({ joins: 0, leaves: 1, policies: 0 });
    expect(JSON.parse((await at.run(run)).stdout)).toMatchObject({ joins: 0, leaves: 0, policies: 0 });
  });

  it('leaves the last word to the homeserver when people come and go between reading and writing', async () => {
    const admin = new AdminRooms();
    admin.rooms.set('!a:hs', { joinRule: 'invite', members: ['@stays:hs', '@goes:hs'] });
    const at = await bench(admin);
    let times = 0;
    admin.meanwhile = async (): Promise<void> => {
      times += 1;
      if (times > 1) return;
      // After it was read and before it is written, the bridge writes that one has left.
      admin.rooms.set('!a:hs', { joinRule: 'invite', members: ['@stays:hs', '@comes:hs'] });
      const record = (user: string, membership: string): string =>
        JSON.stringify({ type: 'room.membership', v: 1, room_id: '!a:hs', user_id: user, membership });
      await at.log.append('presence.memberships', [{ key: '!a:hs|@goes:hs', value: record('@goes:hs', 'leave') }]);
    };
    await at.run(run);
    expect(await joined(at)).toEqual(['!a:hs @comes:hs', '!a:hs @stays:hs']);
  });

  it('tells of rooms that the homeserver does not know, and removes them only when asked', async () => {
    const admin = new AdminRooms();
    admin.rooms.set('!gone:hs', { joinRule: 'invite', members: ['@a:hs'] });
    const at = await bench(admin);
    await at.run(run);
    admin.rooms.clear();
    const { stdout, stderr } = await at.run(run);
    expect(JSON.parse(stdout)).toMatchObject({ unknown: 1, leaves: 0 });
    expect(stderr).toContain('--remove-unknown');
    expect(JSON.parse((await at.run([...run, '--remove-unknown'])).stdout)).toMatchObject({ unknown: 1, leaves: 1 });
    expect(await joined(at)).toEqual([]);
  });

  it('goes on where it was cut off', async () => {
    const admin = new AdminRooms();
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      admin.rooms.set(`!${name}:hs`, { joinRule: 'invite', members: ['@a:hs'] });
    const ending = new AbortController();
    admin.meanwhile = (roomId) => {
      if (roomId === '!c:hs') ending.abort();
    };
    const at = await bench(admin, { ending: ending.signal });
    const cut = await at.run(run);
    expect(cut.exitCode).toBe(1);
    expect(cut.stderr).toContain('goes on there');
    const before = admin.asked;
    const again = new Bench({ fetch: admin.fetch, folders: [folder] });
    Object.assign(again, { log: at.log });
    Object.assign(again.environment, at.environment);
    expect((await again.run(run)).exitCode).toBe(0);
    expect(await joined(again)).toHaveLength(5);
    // Two questions a room, and the pages: those done before were not asked about again.
    expect(admin.asked - before).toBeLessThan(3 + 5 * 2);
  });

  it.each([
    [['import', 'homeserver', 'hs'], 2, 'is no URL'],
    [[...run, '--admin-token', 'another'], 1, 'refuses the admin token (403)'],
  ])('says what is wrong: %j', async (args, exitCode, sentence) => {
    const at = await bench(new AdminRooms());
    const ran = await at.run(args);
    expect(ran).toMatchObject({ exitCode, stderr: expect.stringContaining(sentence) as string });
    expect(ran.stderr).not.toContain('another');
  });
});

describe('rollcall bridge registration', () => {
  const args = ['bridge', 'registration', '--server-name', 'example.org', '--url', 'http://127.0.0.1:8092'];

  it('writes a file once, for its owner only, with secrets of its own', async () => {
    const at = new Bench({ folders: [folder] });
    const first = await at.run([...args, 'one.yaml']);
    expect(first).toMatchObject({ exitCode: 0, stdout: `${join(folder, 'one.yaml')}\n` });
    expect(statSync(join(folder, 'one.yaml')).mode & 0o777).toBe(0o600);
    expect(await at.run([...args, 'one.yaml'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('exists') as string,
    });
    await at.run([...args, 'two.yaml']);
    const tokenOf = (name: string): string | undefined =>
      /^hs_token: (.*)$/m.exec(readFileSync(join(folder, name), 'utf8'))?.[1];
    expect(tokenOf('one.yaml')).toMatch(/^[\w-]{43}$/);
    expect(tokenOf('one.yaml')).not.toBe(tokenOf('two.yaml'));
  });

  it.each([
    [['--server-name', 'a b', '--url', 'http://x'], 2, 'no server name'],
    [['--server-name', 'hs', '--url', 'x'], 2, 'no URL'],
    [['--url', 'http://x'], 2, '--server-name'],
  ])('says what is wrong: %j', async (wrong, exitCode, sentence) => {
    const ran = await new Bench({ folders: [folder] }).run(['bridge', 'registration', ...wrong]);
    expect(ran).toMatchObject({ exitCode, stderr: expect.stringContaining(sentence) as string });
  });

  it('never overwrites what somebody else put there', async () => {
    writeFileSync(join(folder, 'mine'), 'precious');
    await new Bench({ folders: [folder] }).run([...args, 'mine']);
    expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('precious');
  });
});
