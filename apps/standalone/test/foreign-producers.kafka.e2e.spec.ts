// Records written by clients that are not ours: kcat and Kafka's console producer, with the documented key and JSON, plain and
// compressed. They work end to end; what is wrong is rejected with its reason, once, and delays nobody. Poll until, never sleep.

import { describeKcat, produceFromConsole, type KcatRecord } from '#libs/testing';
import { partitionOf } from '#libs/event-log';
import { administratorAt, alterTopic, clientOf, kafkaEnvironment, sumAt, topicsOf, userOf } from './engine-on-kafka.js';
import { Program, endEverything, until } from './program.js';

const PARTITIONS = 3;
const START_MS = 120_000;
const NAMES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'gzip', 'snappy', 'lz4', 'zstd', 'console'];
const TWO_MEGABYTES = 2 * 1024 * 1024;

const active = (name: string): string =>
  JSON.stringify({ type: 'device.active', v: 1, user_id: userOf(name), device_id: 'D' });
const set = (name: string, statusMsg: string, presence = 'online'): string =>
  JSON.stringify({
    type: 'presence.set',
    v: 1,
    user_id: userOf(name),
    device_id: 'D',
    presence,
    status_msg: statusMsg,
  });
const line = (name: string, value: string): string => `${userOf(name)}\t${value}`;

afterAll(endEverything);
jest.setTimeout(START_MS);

describeKcat('producers of other people on Kafka', (kafka, kcat) => {
  let engine: Program;
  let url: string;

  beforeAll(async () => {
    engine = Program.start('standalone', kafkaEnvironment(kafka(), NAMES, PARTITIONS));
    url = await engine.url();
  }, START_MS);

  const shows = (name: string, statusMsg: string): Promise<true> =>
    until(`${name} to show ${statusMsg}`, async () => {
      const { body } = await administratorAt(url).status(userOf(name));
      return body['status_msg'] === statusMsg ? true : undefined;
    });

  const rejected = async (): Promise<KcatRecord[]> => kcat().read(topicsOf(kafka()).rejected);

  /** The reason with which the record at this key and value (or its length) was rejected. */
  const rejectionOf = (key: string | null, holds: (record: KcatRecord) => boolean): Promise<KcatRecord> =>
    until(`a rejected record of ${String(key)}`, async () =>
      (await rejected()).find((record) => record.key === key && holds(record)),
    );

  it('write by kcat to the right partition, and are seen in a sync', async () => {
    const { commands } = topicsOf(kafka());
    const [alice, bob] = [clientOf(url, 'alice'), clientOf(url, 'bob')];
    await administratorAt(url).share('!kcat:localhost', alice.userId, bob.userId);
    let since = (await bob.sync({ timeout: '0' })).nextBatch;
    await kcat().produce(commands, [line('alice', set('alice', 'by kcat'))]);
    const event = await until('alice in the sync of bob', async () => {
      const { nextBatch, presence } = await bob.sync({ since, timeout: '1000' });
      since = nextBatch;
      return presence.find(({ sender, content }) => sender === alice.userId && content['status_msg'] === 'by kcat');
    });
    expect(event.content).toMatchObject({ presence: 'online', currently_active: true });
    const [record] = (await kcat().read(commands)).filter(({ key }) => key === alice.userId);
    expect(record?.partition).toBe(partitionOf(alice.userId, PARTITIONS));
  });

  it("write by Kafka's console producer, compressed, to the right partition", async () => {
    const { commands, changes } = topicsOf(kafka());
    const where = { brokers: kafka().brokers, topic: commands };
    await produceFromConsole(where, [line('console', set('console', 'by console'))], ['compression.type=zstd']);
    await shows('console', 'by console');
    const found = (await kcat().read(changes)).filter(({ key }) => key === userOf('console'));
    expect(found.map(({ partition }) => partition)).toEqual([partitionOf(userOf('console'), PARTITIONS)]);
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'])('may compress with %s', async (codec) => {
    const lines = [...Array.from({ length: 200 }, () => line(codec, active(codec)))];
    await kcat().produce(topicsOf(kafka()).activity, lines, ['-z', codec]);
    await kcat().produce(topicsOf(kafka()).commands, [line(codec, set(codec, `by ${codec}`))], ['-z', codec]);
    await shows(codec, `by ${codec}`);
  });

  it.each([
    {
      what: 'wrong key',
      word: 'activity',
      key: userOf('bob'),
      value: active('carol'),
      reason: 'the key is "@bob:localhost", but must be its user_id',
    },
    { what: 'no JSON', word: 'commands', key: userOf('carol'), value: '{"type":"presence.set",', reason: 'JSON' },
    {
      what: 'unknown type',
      word: 'activity',
      key: userOf('carol'),
      value: '{"type":"device.flew","v":1,"user_id":"@carol:localhost"}',
      reason: 'type',
    },
    {
      what: 'future version',
      word: 'activity',
      key: userOf('carol'),
      value: active('carol').replace('"v":1', '"v":99'),
      reason: '"v"',
    },
    {
      what: 'no type',
      word: 'commands',
      key: userOf('carol'),
      value: '{"v":1,"user_id":"@carol:localhost"}',
      reason: 'type',
    },
    { what: 'no object', word: 'commands', key: userOf('carol'), value: '[]', reason: 'object' },
    {
      what: 'wrong field',
      word: 'commands',
      key: userOf('carol'),
      value: set('carol', 'x', 'asleep'),
      reason: 'online, unavailable, offline, busy',
    },
  ] as const)('are told of: $what', async ({ word, key, value, reason }) => {
    await kcat().produce(topicsOf(kafka())[word], [`${key}\t${value}`]);
    const record = await rejectionOf(key, ({ payload }) => payload === value);
    const placed = await kcat().read(topicsOf(kafka())[word]);
    const { partition, offset } = placed.find(({ payload }) => payload === value) ?? {};
    expect(record.headers['reason']).toContain(reason);
    expect(record.headers).toMatchObject({
      topic: topicsOf(kafka())[word],
      partition: String(partition),
      offset: String(offset),
    });
    expect((await rejected()).filter(({ payload }) => payload === value)).toHaveLength(1);
  });

  it('are told of a tombstone, a missing key and bytes that are no text', async () => {
    const { commands } = topicsOf(kafka());
    await kcat().produce(commands, [line('dave', '')], ['-Z']);
    expect((await rejectionOf(userOf('dave'), () => true)).headers['reason']).toContain('tombstone');
    await kcat().run(['-P', '-t', commands, '-p', '0'], `${set('dave', 'without a key')}\n`);
    const keyless = await rejectionOf(null, ({ payload }) => payload === set('dave', 'without a key'));
    expect(keyless.headers['reason']).toContain('no key');
    await kcat().run(
      ['-P', '-t', commands, '-K', '\t', '-p', '0'],
      Buffer.concat([Buffer.from('@erin:localhost\t'), Buffer.from([0xff, 0xfe, 0x0a])]),
    );
    expect((await rejectionOf(userOf('erin'), () => true)).headers['reason']).toContain('UTF-8');
  });

  it('are told when their partitioner is not that of Kafka, before a user is in two partitions', async () => {
    const { activity, changes } = topicsOf(kafka());
    const wrong = (partitionOf(userOf('frank'), PARTITIONS) + 1) % PARTITIONS;
    await kcat().run(['-P', '-t', activity, '-K', '\t', '-p', String(wrong)], `${line('frank', active('frank'))}\n`);
    const { headers } = await rejectionOf(userOf('frank'), () => true);
    expect(headers['reason']).toContain(`partition ${wrong}`);
    expect(headers['reason']).toContain('murmur2');
    await kcat().produce(topicsOf(kafka()).commands, [line('frank', set('frank', 'in the right one'))]);
    await shows('frank', 'in the right one');
    const told = (await kcat().read(changes)).filter(({ key }) => key === userOf('frank'));
    expect(new Set(told.map(({ partition }) => partition)).size).toBe(1);
  });

  it('stall nobody with keys and values of two megabytes where the topic takes them', async () => {
    const { commands } = topicsOf(kafka());
    await alterTopic(kafka(), commands, 'max.message.bytes=8000000');
    const partition = String(partitionOf(userOf('erin'), PARTITIONS));
    const large = 'x'.repeat(TWO_MEGABYTES);
    const lines = [
      line('erin', set('erin', large)),
      `${large}\t${set('erin', 'under a long key')}`,
      line('erin', set('erin', 'after the large ones')),
    ];
    // The controller acknowledges a setting before the broker knows it.
    await until('the broker to take two megabytes', () =>
      kcat()
        .produce(commands, lines, ['-p', partition])
        .then(
          () => true,
          () => undefined,
        ),
    );
    await shows('erin', 'after the large ones');
    const value = await rejectionOf(userOf('erin'), ({ headers }) => headers['cut_from_bytes'] !== undefined);
    expect(Number(value.headers['cut_from_bytes'])).toBeGreaterThan(TWO_MEGABYTES);
    const key = (await rejected()).find(({ headers }) => headers['key_cut_from_bytes'] !== undefined);
    expect(key?.headers).toMatchObject({ key_cut_from_bytes: String(TWO_MEGABYTES), topic: commands });
    expect(key?.payload).toBe(set('erin', 'under a long key'));
  });

  it('are told of memberships and rooms too, each once', async () => {
    const { memberships, rooms } = topicsOf(kafka());
    const membership =
      '{"type":"room.membership","v":1,"room_id":"!f:localhost","user_id":"@bob:localhost","membership":"join"}';
    await kcat().produce(memberships, [
      `!f:localhost|@carol:localhost\t${membership}`,
      `!f:localhost|@bob:localhost\t${membership.replace('join', 'lurk')}`,
    ]);
    await kcat().produce(rooms, [
      '!f:localhost\t{"type":"room.policy","v":7,"room_id":"!f:localhost","presence":"share"}',
    ]);
    const key = await rejectionOf('!f:localhost|@carol:localhost', () => true);
    expect(key.headers).toMatchObject({ topic: memberships, reason: expect.stringContaining('room_id|user_id') });
    expect((await rejectionOf('!f:localhost|@bob:localhost', () => true)).headers['reason']).toContain('join, leave');
    expect((await rejectionOf('!f:localhost', () => true)).headers).toMatchObject({ topic: rooms });
  });

  it('leave the engine well, and everything rejected is counted', async () => {
    const ready = await fetch(`${url}/health/ready`);
    expect(ready.status).toBe(200);
    const all = await rejected();
    const inputs = topicsOf(kafka());
    for (const topic of [inputs.activity, inputs.commands]) {
      const counted = await sumAt(url, `rollcall_aggregator_rejected_total{topic="${topic}"`);
      expect(counted).toBe(all.filter(({ headers }) => headers['topic'] === topic).length);
    }
    expect(
      new Set(all.map(({ headers: { topic, partition, offset } }) => `${topic}-${partition}-${offset}`)).size,
    ).toBe(all.length);
    expect((await engine.kill('SIGTERM')).code).toBe(0);
  });
});
