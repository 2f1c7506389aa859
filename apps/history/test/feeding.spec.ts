// `rollcall import` and `rollcall produce` (issue 3, item 8): what is written, what is reported, where a cut-off import goes on.
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LogHeldError } from '#libs/event-log';
import { Bench } from './bench.js';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-feeding-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fileOf = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

const bench = async (...changes: ConstructorParameters<typeof Bench>): Promise<Bench> => {
  const made = new Bench(...changes);
  expect((await made.run(['topics', 'create'])).exitCode).toBe(0);
  return made;
};

const join1 = '{"room_id":"!r:hs","user_id":"@a:hs","membership":"join"}';
const membership = (userId: string): object => ({
  type: 'room.membership',
  v: 1,
  room_id: '!r:hs',
  user_id: userId,
  membership: 'join',
});

describe('rollcall import memberships', () => {
  it('takes NDJSON, with and without type and v, under the key of the pair', async () => {
    const at = await bench();
    const whole = JSON.stringify(membership('@b:hs'));
    const ran = await at.run(['import', 'memberships', fileOf('a.ndjson', `${join1}\n\n${whole}\r\n`)]);
    expect(ran).toEqual({ exitCode: 0, stdout: '2 accepted, 0 rejected\n', stderr: '' });
    const records = await at.records('memberships');
    expect(new Map(records.map(({ key, value }) => [key, value]))).toEqual(
      new Map([
        ['!r:hs|@a:hs', membership('@a:hs')],
        ['!r:hs|@b:hs', membership('@b:hs')],
      ]),
    );
  });

  it.each([
    ['with a header', 'room_id,user_id,membership\n!r:hs,@a:hs,join\n'],
    ['without one', '!r:hs,@a:hs,join'],
  ])('takes CSV %s', async (_what, text) => {
    const at = await bench();
    expect(await at.run(['import', 'memberships', fileOf('a.csv', text)])).toMatchObject({
      exitCode: 0,
      stdout: '1 accepted, 0 rejected\n',
    });
    expect(await at.run(['import', 'memberships', '-', '--format', 'csv'], [text])).toMatchObject({
      stdout: '1 accepted, 0 rejected\n',
    });
    expect((await at.records('memberships')).map(({ value }) => value)).toEqual([
      membership('@a:hs'),
      membership('@a:hs'),
    ]);
  });

  it('reports bad lines with their numbers and skips them', async () => {
    const at = await bench();
    const lines = [
      join1,
      'not JSON',
      '{"room_id":"!r:hs","user_id":"@a:hs","membership":"came"}',
      Buffer.from([0xff, 0x0a]),
      join1,
    ];
    const ran = await at.run(
      ['import', 'memberships', '-'],
      lines.map((line) => Buffer.concat([Buffer.from(line), Buffer.from('\n')])),
    );
    expect(ran.stdout).toBe('2 accepted, 3 rejected\n');
    expect(ran.stderr.split('\n').map((line) => line.slice(0, 7))).toEqual(['line 2:', 'line 3:', 'line 4:', '']);
    expect(ran.exitCode).toBe(0);
  });

  it('says the same as JSON', async () => {
    const at = await bench();
    const { stdout } = await at.run(['import', 'memberships', '-', '--json'], [`${join1}\nx\n`]);
    expect(JSON.parse(stdout)).toEqual({ accepted: 1, rejected: [{ line: 2, error: expect.any(String) }] });
  });

  it('is exit 1 when no line was good', async () => {
    const at = await bench();
    expect(await at.run(['import', 'memberships', '-'], ['x\n'])).toMatchObject({
      exitCode: 1,
      stdout: '0 accepted, 1 rejected\n',
    });
    expect(await at.run(['import', 'memberships', '-'], [])).toMatchObject({
      exitCode: 0,
      stdout: '0 accepted, 0 rejected\n',
    });
  });
});

describe('a cut-off import', () => {
  const users = Array.from({ length: 21_000 }, (_user, index) => `@user${index}:example.org`);
  const text = users.map((userId) => `${JSON.stringify(membership(userId))}\n`).join('');

  /** The process is asked to end while a batch is being written. */
  const cutOff = (at: Bench): Bench => {
    const controller = new AbortController();
    const append = at.log.append.bind(at.log);
    at.log.append = async (topic, records) => {
      const appended = await append(topic, records);
      controller.abort();
      return appended;
    };
    const cut = new Bench({ ending: controller.signal, openLog: () => Promise.resolve(at.log) });
    return cut;
  };

  it('goes on where everything before was written, and then forgets where it was', async () => {
    const at = await bench();
    const path = fileOf('long.ndjson', text);
    const first = await cutOff(at).run(['import', 'memberships', path]);
    expect(first.exitCode).toBe(1);
    expect(first.stderr).toMatch(/^Stopped after line \d+\. The same command goes on there\.\n$/);
    const stoppedAfter = Number(/\d+/.exec(first.stderr)?.[0]);
    expect(stoppedAfter).toBeGreaterThan(0);
    expect(stoppedAfter).toBeLessThan(users.length);

    const second = await at.run(['import', 'memberships', path]);
    expect(second.stderr).toContain(`Going on after line ${stoppedAfter}`);
    expect(second.stdout).toBe(`${users.length - stoppedAfter} accepted, 0 rejected\n`);
    const keys = (await at.records('memberships')).map(({ key }) => key);
    expect(new Set(keys)).toEqual(new Set(users.map((userId) => `!r:hs|${userId}`)));
    expect(existsSync(`${path}.rollcall-resume`)).toBe(false);

    const third = await at.run(['import', 'memberships', path]);
    expect(third.stdout).toBe(`${users.length} accepted, 0 rejected\n`);
  });

  it('starts anew when the file has changed, or when asked to', async () => {
    const at = await bench();
    const path = fileOf('changing.ndjson', text);
    await cutOff(at).run(['import', 'memberships', path]);
    expect((await at.run(['import', 'memberships', path, '--from-line', '20999'])).stdout).toBe(
      '2 accepted, 0 rejected\n',
    );
    await cutOff(at).run(['import', 'memberships', path, '--from-line', '1']);
    appendFileSync(path, `${join1}\n`);
    expect(await at.run(['import', 'memberships', path])).toMatchObject({
      stdout: `${users.length + 1} accepted, 0 rejected\n`,
      stderr: '',
    });
  });

  it('says which line standard input stopped at', async () => {
    const at = await bench();
    const { stderr } = await cutOff(at).run(['import', 'memberships', '-'], [text.slice(0, 1000), text.slice(1000)]);
    expect(stderr).toMatch(/^Stopped after line (\d+)\. --from-line (\d+) goes on there\.\n$/);
  });
});

describe('rollcall produce', () => {
  it.each([
    [
      'activity',
      '{"type":"device.active","user_id":"@a:hs"}',
      { type: 'device.active', v: 1, user_id: '@a:hs' },
      '@a:hs',
    ],
    [
      'commands',
      '{"type":"user.forget","v":1,"user_id":"@a:hs"}',
      { type: 'user.forget', v: 1, user_id: '@a:hs' },
      '@a:hs',
    ],
    [
      'rooms',
      '{"room_id":"!r:hs","presence":"withhold"}',
      { type: 'room.policy', v: 1, room_id: '!r:hs', presence: 'withhold' },
      '!r:hs',
    ],
  ])('appends %s under the computed key', async (topic, line, value, key) => {
    const at = await bench();
    expect(await at.run(['produce', topic, '-'], [line])).toMatchObject({
      exitCode: 0,
      stdout: '1 accepted, 0 rejected\n',
    });
    expect(await at.records(topic)).toEqual([expect.objectContaining({ key, value })]);
  });

  it('appends unchecked bytes as they are, under the given key', async () => {
    const at = await bench();
    const poison = Buffer.concat([Buffer.from('{"v":1\r\n'), Buffer.from([0xff, 0x0a]), Buffer.from('"text"')]);
    const ran = await at.run(['produce', 'activity', '-', '--unchecked', '--key', '@a:hs'], [poison]);
    expect(ran).toMatchObject({ exitCode: 0, stdout: '3 accepted, 0 rejected\n' });
    const records = await at.records('activity');
    expect(records.map(({ key }) => key)).toEqual(['@a:hs', '@a:hs', '@a:hs']);
    expect(records.map(({ value }) => value)).toEqual(['{"v":1\r', { base64: '/w==' }, 'text']);
  });

  it('names a record that the log finds too large, and writes the others', async () => {
    const at = await bench();
    const huge = 'x'.repeat(2_000_000);
    const ran = await at.run(['produce', 'activity', '-', '--unchecked', '--key', '@a:hs'], [`a\n${huge}\nb\n`]);
    expect(ran).toMatchObject({ exitCode: 0, stdout: '2 accepted, 1 rejected\n' });
    expect(ran.stderr).toMatch(/^line 2: /);
    expect((await at.records('activity')).map(({ value }) => value)).toEqual(['a', 'b']);
  });

  it.each([
    [['produce', 'activity', '-', '--unchecked'], '--unchecked and --key go together'],
    [['produce', 'activity', '-', '--key', 'x'], '--unchecked and --key go together'],
    [['produce', 'states', '-'], 'Possible: activity, commands, rooms'],
    [['import', 'rooms', '-'], "unknown command 'rooms'"],
    [['import', 'memberships', '-', '--from-line', '0'], 'A whole number from 1 on is needed'],
  ])('refuses %j', async (args, sentence) => {
    const { exitCode, stderr, stdout } = await (await bench()).run(args);
    expect(stderr).toContain(sentence);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });

  it('says so when the file is not there, or is a folder', async () => {
    const at = await bench();
    expect(await at.run(['produce', 'rooms', 'nowhere.ndjson'])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('There is no file nowhere.ndjson'),
    });
    expect(await at.run(['produce', 'rooms', folder])).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('is a folder'),
    });
  });

  it('says so when a server holds the directory', async () => {
    const at = new Bench({
      openLog: () => Promise.reject(new LogHeldError('The log in ./data is held for writing by process 7')),
    });
    const { exitCode, stderr } = await at.run(['produce', 'rooms', '-'], ['x']);
    expect(stderr).toMatch(/held for writing by process 7\. Write through that server with --server URL/);
    expect(exitCode).toBe(1);
  });

  it('says so when no server answers', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const args = ['produce', 'rooms', '-', '--server', `http://127.0.0.1:${port}`];
    const { exitCode, stderr } = await (await bench()).run(args, ['{"room_id":"!r:hs","presence":"share"}']);
    expect(stderr).toContain('does not answer (ECONNREFUSED): is the server running there?');
    expect(exitCode).toBe(1);
  });
});
