// Topics of their own for recipients, as somebody with another client has them: created by Kafka's tools, read by kcat, and
// every topic of a running engine held against the AsyncAPI document. Poll until, never sleep.

import { Ajv2020 } from 'ajv/dist/2020.js';
import { asyncApiDocument, recipientOf, recipientTopic, recipientTopicSpec } from '#libs/contracts';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { isRoomId, isUserId } from '#libs/matrix';
import { describeKcat, presenceEventFaults, runKafkaTool, until, type KcatRecord } from '#libs/testing';
import {
  administratorAt,
  alterTopic,
  clientOf,
  kafkaEnvironment,
  metricAt,
  topicsOf,
  userOf,
} from './engine-on-kafka.js';
import { Program, endEverything } from './program.js';

const START_MS = 120_000;
/** Design.md section 7: a topic is found, and what follows is written, within this. */
const WITHIN_MS = 10_000;
const ROOM = '!recipients:localhost';
const NAMES = ['alice', 'bob', 'carol'];
const ODD = '@b.o_b=-é/+:localhost';
const MAX_TOPICS = 5;
const POISON = 'not JSON';

afterAll(endEverything);
jest.setTimeout(START_MS);

interface Event {
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** What a compacted topic says: the last record of every key. */
const latest = (records: readonly KcatRecord[]): Map<string | null, KcatRecord> =>
  new Map(records.map((record) => [record.key, record]));

const eventIn = (record: KcatRecord | undefined): Event | undefined =>
  record?.payload === undefined || record.payload === null ? undefined : (JSON.parse(record.payload) as Event);

describeKcat('recipient topics on Kafka', (kafka, kcat) => {
  let engine: Program;
  let url: string;
  let log: KafkaEventLog;
  const topicOf = (userId: string): string => recipientTopic(kafka().prefix, userId);

  beforeAll(async () => {
    const environment = {
      ...kafkaEnvironment(kafka(), NAMES),
      MAX_RECIPIENT_TOPICS: String(MAX_TOPICS),
      OFFLINE_AFTER_MS: '600000',
    };
    engine = Program.start('standalone', environment);
    url = await engine.url();
    log = await KafkaEventLog.connect({ brokers: kafka().brokers, clientId: 'recipients-test' });
    await administratorAt(url).share(ROOM, ...NAMES.map(userOf));
  }, START_MS);
  afterAll(() => log.close());

  const topics = (...args: string[]): Promise<string> =>
    runKafkaTool('kafka-topics', { brokers: kafka().brokers, args });

  const tell = async (word: 'memberships' | 'commands', line: object): Promise<void> => {
    const answer = await administratorAt(url).ask('POST', `/_rollcall/v1/${word}`, JSON.stringify(line));
    expect(answer.body).toEqual({ accepted: 1, rejected: [] });
  };

  /** Reads the topic again and again until a sender's last record is right. */
  const shown = async (
    recipient: string,
    sender: string,
    holds: (record: KcatRecord | undefined) => boolean,
  ): Promise<KcatRecord | undefined> =>
    until(async () => latest(await kcat().read(topicOf(userOf(recipient)))).get(userOf(sender)), holds, WITHIN_MS);

  const says = (presence: string, statusMsg?: string) => (record: KcatRecord | undefined) => {
    const content = eventIn(record)?.content;
    return content?.['presence'] === presence && content['status_msg'] === statusMsg;
  };

  it("is filled within ten seconds of its creation by Kafka's own tool, with valid events for kcat", async () => {
    expect((await clientOf(url, 'alice').put('online', 'tea?')).status).toBe(200);
    expect((await clientOf(url, 'carol').put('unavailable')).status).toBe(200);
    await topics('--create', '--topic', topicOf(userOf('bob')), '--config', 'cleanup.policy=compact');
    const createdMs = Date.now();
    const record = await shown('bob', 'alice', says('online', 'tea?'));
    const tookMs = Date.now() - createdMs;
    await shown('bob', 'carol', says('unavailable'));
    process.stdout.write(`     a recipient topic was filled ${tookMs} ms after its creation\n`);
    const all = await kcat().read(topicOf(userOf('bob')));
    for (const each of all) expect([each.key, presenceEventFaults(eventIn(each))]).toEqual([each.key, []]);
    expect(record?.headers).toMatchObject({
      version: '1',
      last_active_ts: expect.stringMatching(/^\d{13}$/),
    });
    expect(eventIn(record)?.sender).toBe(userOf('alice'));
  });

  it('is kept up to date: changes, leaves, joins, erasures', async () => {
    await clientOf(url, 'alice').put('unavailable', 'back soon');
    await shown('bob', 'alice', says('unavailable', 'back soon'));
    const membership = { room_id: ROOM, user_id: userOf('alice') };
    await tell('memberships', { ...membership, membership: 'leave' });
    await shown('bob', 'alice', (record) => record?.payload === null);
    await tell('memberships', { ...membership, membership: 'join' });
    const back = await shown('bob', 'alice', says('unavailable', 'back soon'));
    expect(back?.headers['version']).toBe('2');
    await tell('commands', { type: 'user.forget', v: 1, user_id: userOf('alice') });
    await shown('bob', 'alice', (record) => record?.payload === null);
    await clientOf(url, 'alice').put('online', 'another life');
    const again = await shown('bob', 'alice', says('online', 'another life'));
    expect(again?.headers).toMatchObject({ life: '1', version: '1' });
  });

  it('is forgotten when it is deleted, and filled again when it is back', async () => {
    const followed = (): Promise<number | undefined> =>
      metricAt(url, 'rollcall_fanout_recipient_topics{state="followed"}');
    expect(await followed()).toBe(1);
    await topics('--delete', '--topic', topicOf(userOf('bob')));
    await until(followed, (count) => count === 0, WITHIN_MS);
    await log.createTopics([recipientTopicSpec(topicOf(userOf('bob')))]);
    await shown('bob', 'alice', says('online', 'another life'));
    expect(await followed()).toBe(1);
  });

  it('keeps nobody waiting when it takes only smaller records, and is filled when it takes ours', async () => {
    const topic = topicOf(userOf('carol'));
    const failing = (): Promise<number | undefined> =>
      metricAt(url, 'rollcall_fanout_recipient_topics{state="failing"}');
    await topics(
      '--create',
      '--topic',
      topic,
      '--config',
      'cleanup.policy=compact',
      '--config',
      'max.message.bytes=100',
    );
    await until(failing, (count) => count === 1, START_MS / 2);
    expect(engine.stderr).toContain('a recipient topic takes no records');
    for (const message of ['first', 'second', 'third']) {
      await clientOf(url, 'alice').put('online', message);
      await shown('bob', 'alice', says('online', message));
    }
    expect(await kcat().read(topic)).toEqual([]);
    await alterTopic(kafka(), topic, 'max.message.bytes=1000000');
    await until(
      async () => latest(await kcat().read(topic)).get(userOf('alice')),
      says('online', 'third'),
      START_MS / 2,
    );
    await until(failing, (count) => count === 0, START_MS / 2);
    await log.deleteTopic(topic);
    await clientOf(url, 'alice').put('online', 'another life');
    await shown('bob', 'alice', says('online', 'another life'));
  });

  it('has a name that says whose it is, whatever the user is called', async () => {
    await log.createTopics([recipientTopicSpec(topicOf(ODD))]);
    const listed = (await kcat().run(['-L', '-J'])) as string;
    const { topics: names } = JSON.parse(listed) as { topics: readonly { topic: string }[] };
    const owners = names
      .map(({ topic }) => recipientOf(kafka().prefix, topic))
      .flatMap((recipient) => (recipient.kind === 'user' ? [recipient.userId] : []));
    expect(owners.sort()).toEqual([ODD, userOf('bob')].sort());
  });

  it('is refused, in log and metric, when it collides, is not compacted, names nobody, or is one too many', async () => {
    const refusals = (): Promise<number | undefined> =>
      metricAt(url, 'rollcall_fanout_recipient_topics{state="refused"}');
    const twin = topicOf(userOf('bob')).replace('-3A', '-3a');
    // Kafka itself takes a dot and an underscore for the same, and refuses the second.
    const dotted = `${topicsOf(kafka()).recipientPrefix}a.b`;
    await log.createTopics([
      recipientTopicSpec(twin),
      { ...recipientTopicSpec(topicOf(userOf('dave'))), cleanup: 'delete' },
      recipientTopicSpec(dotted),
    ]);
    await expect(topics('--create', '--topic', dotted.replace('a.b', 'a_b'))).rejects.toThrow('collides');
    await until(refusals, (count) => count === 3, WITHIN_MS);
    await log.createTopics([recipientTopicSpec(topicOf(userOf('zoe'))), recipientTopicSpec(topicOf(userOf('yan')))]);
    // By name the first five are looked at: yan's is among them, zoe's and the one without an owner are not.
    await until(refusals, (count) => count === 4, WITHIN_MS);
    const said = engine.stderr.split('\n').filter((line) => line.includes('recipient topic'));
    for (const [topic, reason] of [
      [twin, 'another topic belongs to the same recipient'],
      [topicOf(userOf('dave')), 'must be compact'],
      [dotted, 'only A-Z'],
    ] as const) {
      expect(said.filter((line) => line.includes(topic) && line.includes(reason))).toHaveLength(1);
    }
    expect(said.filter((line) => line.includes(`MAX_RECIPIENT_TOPICS is ${MAX_TOPICS}`)).length).toBeGreaterThan(0);
    expect(await kcat().read(twin)).toEqual([]);
    await clientOf(url, 'alice').put('busy', 'in spite of them');
    await shown('bob', 'alice', says('busy', 'in spite of them'));
  });

  it('and every other topic hold what the AsyncAPI document says', async () => {
    await kcat().produce(topicsOf(kafka()).activity, [`${userOf('bob')}\t${POISON}`]);
    await until(
      () => kcat().read(topicsOf(kafka()).rejected),
      (records) => records.length > 0,
    );
    const ending = clientOf(url, 'carol');
    await ending.sync({ timeout: '0', set_presence: 'online' });
    await tell('commands', { type: 'presence.override', v: 1, user_id: userOf('carol'), presence: 'busy' });
    const rooms = JSON.stringify({ room_id: '!w:localhost', presence: 'withhold' });
    expect((await administratorAt(url).ask('POST', '/_rollcall/v1/rooms', rooms)).status).toBe(200);
    expect((await engine.kill('SIGTERM')).code).toBe(0);
    const document = asyncApiDocument(kafka().prefix) as unknown as Document;
    const faults: string[] = [];
    const seen = new Set<string>();
    for (const [word, channel] of Object.entries(document.channels)) {
      const topic = word === 'to' ? topicOf(userOf('bob')) : channel.address;
      const records = await kcat().read(topic);
      expect([word, records.length > 0]).toEqual([word, true]);
      for (const record of records) faults.push(...faultsOf(word, record, document, seen));
    }
    expect(faults.slice(0, 10)).toEqual([]);
    expect([...seen].sort()).toEqual([
      'device.connected.v1',
      'device.disconnected.v1',
      'm.presence',
      'presence.changed.v1',
      'presence.forgotten.v1',
      'presence.frame.v1',
      'presence.override.v1',
      'presence.progress.v1',
      'presence.registers.v1',
      'presence.set.v1',
      'presence.snapshot.begin.v1',
      'presence.snapshot.end.v1',
      'presence.state.v1',
      'room.membership.v1',
      'room.policy.v1',
      'user.forget.v1',
    ]);
  });

  it('which is held against a document that is wrong', () => {
    const document = asyncApiDocument(kafka().prefix) as unknown as Document;
    const record = { partition: 0, offset: 0, key: '@a:hs', payload: '{"type":"device.active","v":1}', headers: {} };
    expect(faultsOf('activity', record, document, new Set())[0]).toContain('user_id');
    expect(faultsOf('changes', record, document, new Set())[0]).toContain('names no message device.active.v1');
    expect(faultsOf('states', { ...record, headers: { what: 'x' } }, document, new Set())[0]).toContain('header what');
  });
});

interface Message {
  readonly payload: object;
  readonly headers?: { readonly properties: Readonly<Record<string, unknown>> };
}

interface Document {
  readonly channels: Readonly<Record<string, { readonly address: string; readonly messages: object }>>;
  readonly components: { readonly messages: Readonly<Record<string, Message>> };
}

const ajv = new Ajv2020({
  strict: false,
  formats: { 'matrix-user-id': isUserId, 'matrix-room-id': isRoomId, 'status-message': true },
});
/** Beside the headers of a channel, every record of ours may carry this. */
const EVERYWHERE = ['content-type'];

/** What a record does not keep of the document, in sentences; the messages that were met are added to `seen`. */
function faultsOf(word: string, record: KcatRecord, document: Document, seen: Set<string>): string[] {
  const place = `${word}-${record.partition}@${record.offset}`;
  const messages = Object.keys(document.channels[word]?.messages ?? {});
  const [anyMessage = ''] = messages;
  const properties = document.components.messages[anyMessage]?.headers?.properties ?? {};
  const known = [...Object.keys(properties), ...EVERYWHERE];
  const strange = Object.keys(record.headers).filter((name) => !known.includes(name));
  if (strange.length > 0) return [`${place}: header ${strange.join()} is not documented`];
  if (record.payload === null || word === 'rejected') return [];
  if (record.payload === POISON) return [];
  const { type, v } = JSON.parse(record.payload) as { type?: string; v?: number };
  const name = v === undefined ? String(type) : `${String(type)}.v${String(v)}`;
  if (!messages.includes(name)) return [`${place}: the channel names no message ${name}`];
  seen.add(name);
  const check = ajv.compile(document.components.messages[name]?.payload ?? false);
  if (check(JSON.parse(record.payload))) return [];
  return [`${place}: ${ajv.errorsText(check.errors)}`];
}
