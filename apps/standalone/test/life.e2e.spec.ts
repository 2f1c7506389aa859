// The life of `npm start`: what it prints works when pasted, it survives kill -9, and it stops in order when told.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { Client } from './client.js';
import { Program, endEverything, freshFolder, until } from './program.js';

// Processes start slowly where many others do.
jest.setTimeout(120_000);
afterAll(endEverything);

/** In a second without requests: twice what it takes. */
const MOST_WAKINGS = 25;

async function valuesOf(directory: string, topic: string): Promise<Record<string, unknown>[]> {
  const log = await EmbeddedEventLog.open({ directory, readOnly: true });
  const values: Record<string, unknown>[] = [];
  const [starts, ends] = [await log.starts(topic), await log.ends(topic)];
  for (const [partition, end] of ends.entries()) {
    for await (const batch of log.read(topic, partition, starts[partition] ?? 0, end)) {
      for (const { value } of batch.records)
        if (value !== null) values.push(JSON.parse(Buffer.from(value).toString()) as Record<string, unknown>);
    }
  }
  await log.close();
  return values;
}

/** A request that never becomes whole keeps the ordered stop waiting; it is there when the one before it is answered. */
async function halfRequest(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const half = connect(Number(port), hostname).on('error', () => undefined);
  const whole = 'GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n';
  half.write(
    `${whole}PUT /_matrix/client/v3/presence/@a:localhost/status HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{`,
  );
  await once(half, 'data');
  return half;
}

describe('npm start', () => {
  it('prints lines that work when pasted, and where the data lies', async () => {
    const directory = freshFolder();
    const program = Program.npm('start', { DATA_DIR: directory });
    await program.url();
    expect(program.stdout).toContain(`The log is in ${directory}`);
    const lines = program.stdout.split('\n').filter((line) => line.trimStart().startsWith('curl '));
    expect(lines).toHaveLength(2);
    const [put, get] = lines.map((line) =>
      spawnSync('sh', ['-c', line.replace('curl', 'curl -sS')], { encoding: 'utf8' }),
    );
    expect(put).toMatchObject({ stdout: '{}', stderr: '', status: 0 });
    expect(JSON.parse(String(get?.stdout))).toMatchObject({
      presence: 'online',
      status_msg: 'hello',
      currently_active: true,
    });
    const ended = await program.kill('SIGTERM');
    expect(ended.code).toBe(0);
  });

  it('answers the lines of the README as the README says', async () => {
    const program = Program.start('standalone', { DATA_DIR: freshFolder() });
    const url = await program.url();
    const readme = readFileSync(join(__dirname, '../../../README.md'), 'utf8');
    const block = /## What to try next[^]*?```sh\n([^]*?)```/.exec(readme)?.[1] ?? '';
    const script = block
      .replace('http://127.0.0.1:8090', url)
      .replace('curl -N', 'curl --max-time 1 -N')
      .replaceAll('curl', 'curl -sS -w "\\n"');
    const { stdout } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    const [memberships, put, get, sync, ...stream] = stdout.split('\n');
    expect(JSON.parse(String(memberships))).toEqual({ accepted: 2, rejected: [] });
    expect(put).toBe('{}');
    expect(JSON.parse(String(get))).toMatchObject({ presence: 'online', status_msg: 'tea?' });
    expect(sync).toContain('"sender":"@alice:localhost"');
    expect(stream.join('\n')).toMatch(/^event: presence$/m);
    await program.kill('SIGTERM');
  });

  it('moves at once with --demo: people come, in rooms, and go offline when it has stopped', async () => {
    const directory = freshFolder();
    const program = Program.start('standalone', { DATA_DIR: directory }, '--demo');
    const admin = Client.admin(await program.url());
    expect(program.stdout).toContain('a simulated town is awake');
    const people = await until('people of the town', async () => {
      const { body } = await admin.ask('GET', '/_rollcall/v1/overview');
      const { online } = body['counts'] as { online: number };
      return online > 5 ? (body['users'] as { user_id: string; rooms: number[] }[]) : undefined;
    });
    for (const { user_id: userId, rooms } of people) {
      expect(userId).toMatch(/:town$/);
      expect(rooms.length).toBeGreaterThan(0);
    }
    const asleep = await admin.ask('POST', '/_rollcall/v1/town', { state: 'asleep' });
    expect(asleep).toEqual({ status: 200, body: { state: 'asleep' } });
    await program.kill('SIGTERM');
    const activity = await valuesOf(directory, 'presence.activity');
    const named = (type: string): Set<unknown> =>
      new Set(activity.filter((each) => each['type'] === type).map(({ user_id: userId }) => userId));
    expect([...named('device.connected')].filter((userId) => !named('device.disconnected').has(userId))).toEqual([]);
  });

  it('sleeps while nobody is there: its main thread is woken some twelve times a second', async () => {
    const program = Program.start('standalone', { DATA_DIR: freshFolder() });
    await program.url();
    const wakings = (): number => {
      const status = readFileSync(`/proc/${String(program.pid)}/status`, 'utf8');
      return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1]);
    };
    // What begins it takes some seconds to come to rest, more where others want the machine.
    const ofASecond = async (): Promise<number> => {
      const before = wakings();
      await sleep(1_000);
      return wakings() - before;
    };
    const seconds: number[] = [];
    while (seconds.length < 20 && !seconds.some((count) => count < MOST_WAKINGS)) seconds.push(await ofASecond());
    expect(Math.min(...seconds)).toBeLessThan(MOST_WAKINGS);
    await program.kill('SIGTERM');
  });

  it('stops within seconds with exit code 0 when told, and ends its sessions', async () => {
    const directory = freshFolder();
    const program = Program.start('standalone', { DATA_DIR: directory });
    const url = await program.url();
    const bob = Client.user(url, 'bob', 'LAPTOP');
    const { nextBatch } = await bob.sync({ timeout: '0' });
    const waiting = bob.sync({ since: nextBatch, timeout: '30000', set_presence: 'online' }).catch(() => undefined);
    const toldMs = Date.now();
    const ended = await program.kill('SIGTERM');
    await waiting;
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(Date.now() - toldMs).toBeLessThan(8_000);
    const activity = await valuesOf(directory, 'presence.activity');
    const connected = activity.filter(({ type }) => type === 'device.connected');
    const disconnected = activity.filter(({ type }) => type === 'device.disconnected');
    expect(connected.length).toBeGreaterThan(0);
    expect(new Set(disconnected.map(({ session_id: id }) => id))).toEqual(
      new Set(connected.map(({ session_id: id }) => id)),
    );
    for (const { ago_ms: agoMs } of disconnected) expect(agoMs ?? 0).toBe(0);
  });

  it('takes a Ctrl-C that npm hands on once more for one, and stops in order', async () => {
    const program = Program.start('standalone', { DATA_DIR: freshFolder() });
    const half = await halfRequest(await program.url());
    program.signal('SIGINT');
    await until('it to stop', () => (program.stderr.includes('told by SIGINT') ? true : undefined));
    program.signal('SIGINT');
    half.destroy();
    const { code, stderr } = await program.ended;
    expect(code).toBe(0);
    expect(stderr).toContain('stopped: finished');
  });

  it('ends at once at a second signal, however much it still waits for', async () => {
    const program = Program.start('standalone', { DATA_DIR: freshFolder() });
    const half = await halfRequest(await program.url());
    program.signal('SIGTERM');
    await until('it to stop', () => (program.stderr.includes('told by SIGTERM') ? true : undefined));
    const again = setInterval(() => {
      program.signal('SIGTERM');
    }, 100);
    const { code, stderr } = await program.ended;
    clearInterval(again);
    half.destroy();
    expect(code).toBe(1);
    expect(stderr).not.toContain('stopped:');
  });

  it('loses nothing that it answered when it is killed in the middle of PUTs, and serves it again', async () => {
    const directory = freshFolder();
    const environment = { DATA_DIR: directory, PUT_BURST: '1000', PUT_PER_SECOND: '1000' };
    const first = Program.start('standalone', environment);
    const url = await first.url();
    const answered: string[] = [];
    const PUTS = 400;
    const KILL_AFTER = 150;
    const puts = Array.from({ length: PUTS }, async (_, index) => {
      const name = `user${String(index)}`;
      const answer = await Client.user(url, name)
        .put('online', `message of ${name}`)
        .catch(() => undefined);
      if (answer?.status === 200) answered.push(name);
    });
    await until('enough answers', () => (answered.length >= KILL_AFTER ? true : undefined));
    await first.kill('SIGKILL');
    await Promise.all(puts);
    expect(answered.length).toBeGreaterThanOrEqual(KILL_AFTER);

    const second = Program.start('standalone', environment);
    const again = await second.url();
    for (const name of answered) {
      expect((await Client.user(again, name).status()).body).toMatchObject({ status_msg: `message of ${name}` });
    }
    await second.kill('SIGTERM');
    const changes = await valuesOf(directory, 'presence.changes');
    const told = changes.filter(({ version }) => version === 1).map(({ status_msg: message }) => message);
    expect(told).toEqual(expect.arrayContaining(answered.map((name) => `message of ${name}`)));
    expect(new Set(told).size).toBe(told.length);
  });
});
