// Least rights on a real broker with access control: each service with what `rollcall topics rights` prints for it, and nothing else.
// The broker's own log is the judge: it names whatever it denied.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyTopic, copyTopicSpec, encodeCopyMark, recipientTopic, topicNames, topicSpecs } from '#libs/contracts';
import { LogForbiddenError } from '#libs/event-log';
import { KafkaEventLog } from '#libs/event-log-kafka';
import { describeLocalKafka, LocalCluster, runKafkaTool } from '#libs/testing';
import { administratorAt, ADMIN_TOKEN, clientOf, tokensFile, userOf, valuesOf } from './engine-on-kafka.js';
import { PollLoop } from './poll-loop.js';
import { endEverything, freshFolder, Program, until } from './program.js';
import { command } from './synapse/rollcall-before.js';

const SERVICES = ['aggregator', 'fanout', 'gateway', 'bridge'] as const;
const CLIENTS = [...SERVICES, 'producer', 'analyst', 'operator', 'recipient'] as const;
type ClientName = (typeof CLIENTS)[number];
const LIMIT_MS = 240_000;
const TOPICS = topicNames('presence.');
/** Of a copy that is whole and from which nothing of its own history is missing. */
const COPIED = { kind: 'done', atMs: 0, from: 'x', source: 'x', written: 'x', ownChanges: [0, 0] } as const;
const RECIPIENT = userOf('bob');

describeLocalKafka('services with the rights that are listed, and no others', () => {
  let cluster: LocalCluster;
  let administrator: KafkaEventLog;
  let registrationFile: string;
  let aggregator: Program;
  let fanout: Program;
  let gateway: Program;
  const open: KafkaEventLog[] = [];

  const environmentOf = (name: ClientName): Record<string, string> => ({
    KAFKA_BROKERS: cluster.secure!.sasl.join(','),
    KAFKA_SASL_USERNAME: name,
    KAFKA_SASL_PASSWORD: `secret-of-${name}`,
    PARTITIONS: '2',
    DELIVERY_PARTITIONS: '2',
    ...(name === 'gateway' ? { STATIC_TOKENS_FILE: tokensFile(['alice', 'bob']), ADMIN_TOKEN } : {}),
    ...(name === 'bridge' ? { BRIDGE_REGISTRATION_FILE: registrationFile, PUBLIC_ROOMS: 'share' } : {}),
  });

  async function logOf(name: ClientName): Promise<KafkaEventLog> {
    const sasl = { mechanism: 'plain', username: name, password: `secret-of-${name}` } as const;
    const log = await KafkaEventLog.connect({ brokers: cluster.secure!.sasl, clientId: name, sasl });
    open.push(log);
    return log;
  }

  const rollcall = (name: ClientName | 'administrator', ...words: readonly string[]): Promise<string> => {
    const environment = { KAFKA_BROKERS: cluster.brokers.join(','), PARTITIONS: '2', DELIVERY_PARTITIONS: '2' };
    return command(freshFolder(), name === 'administrator' ? environment : environmentOf(name), ...words);
  };

  /** As an administrator does: prints the commands, runs them. */
  async function grant(name: ClientName): Promise<void> {
    const whose = name === 'recipient' ? [name, RECIPIENT] : [name];
    const printed = await rollcall('administrator', 'topics', 'rights', ...whose, '--principal', `User:${name}`);
    const head = `kafka-acls.sh --bootstrap-server ${cluster.brokers.join(',')} `;
    for (const line of printed.trimEnd().split('\n')) {
      expect(line.slice(0, head.length)).toBe(head);
      await runKafkaTool('kafka-acls', { brokers: cluster.brokers, args: line.slice(head.length).split(' ') });
    }
  }

  /**
   * Since the start of the broker. Whoever asks what became of a transaction (an answer was late) is not told of the topics in it
   * that they may not describe, and Kafka notes that; positions are among them.
   */
  const denied = (): readonly string[] =>
    readFileSync(cluster.nodes[0]!.logFile, 'utf8')
      .split('\n')
      .filter(
        (line) => line.includes(' is Denied ') && !/__consumer_offsets for request = DescribeTransactions/.test(line),
      );

  beforeAll(async () => {
    const users = CLIENTS.map((name) => `user_${name}="secret-of-${name}"`).join(' ');
    cluster = await LocalCluster.start({
      secure: true,
      properties: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'super.users': 'User:ANONYMOUS',
        'listener.name.sasl.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required ${users};`,
      },
    });
    administrator = await KafkaEventLog.connect({ brokers: cluster.brokers, clientId: 'administrator' });
    open.push(administrator);
    registrationFile = join(freshFolder(), 'rollcall.yaml');
    await rollcall(
      'administrator',
      'bridge',
      'registration',
      '--server-name',
      'localhost',
      '--url',
      'http://x',
      registrationFile,
    );
  }, LIMIT_MS);

  afterAll(async () => {
    await endEverything();
    await Promise.all(open.map((log) => log.close()));
    await cluster.close();
  }, LIMIT_MS);

  it(
    'start with them, and are told what to do without them',
    async () => {
      await administrator.createTopics(topicSpecs({ prefix: 'presence.', partitions: 2, deliveryPartitions: 2 }));
      await administrator.createTopics([copyTopicSpec('presence.')]);
      await administrator.append(copyTopic('presence.'), [{ key: 'copy', value: encodeCopyMark(COPIED) }]);
      const without = await Promise.all(SERVICES.map((name) => Program.start(name, environmentOf(name)).ended));
      for (const { code, stderr } of without) {
        expect(code).toBe(1);
        expect(stderr).toMatch(/Not authorized .* topics rights --help/);
        expect(stderr).not.toMatch(/^\s+at /m);
      }
      for (const name of SERVICES) expect(denied().some((line) => line.includes(`User:${name} is Denied`))).toBe(true);
      for (const name of CLIENTS) await grant(name);
    },
    LIMIT_MS,
  );

  it(
    'do all of their work',
    async () => {
      const before = denied().length;
      await rollcall('administrator', 'topics', 'add', RECIPIENT);
      aggregator = Program.start('aggregator', environmentOf('aggregator'));
      fanout = Program.start('fanout', environmentOf('fanout'));
      const bridge = await Program.start('bridge', environmentOf('bridge')).servingUrl();
      gateway = Program.start('gateway', environmentOf('gateway'));
      const url = await gateway.servingUrl();
      const [alice, bob] = [clientOf(url, 'alice'), clientOf(url, 'bob')];
      await administratorAt(url).share('!room:localhost', bob.userId);
      for (const id of ['7', '5']) await handOver(bridge, id, joinOf(alice.userId));
      await (
        await logOf('producer')
      ).append(TOPICS.activity, [
        { key: alice.userId, value: JSON.stringify({ type: 'device.active', v: 1, user_id: alice.userId }) },
        { key: alice.userId, value: 'poison' },
      ]);
      const isTold = async (statusMsg: string): Promise<void> => {
        await until('a PUT', async () => ((await alice.put('online', statusMsg)).status === 200 ? true : undefined));
        await until(`${statusMsg} in the sync of bob`, async () =>
          (await bob.sync({ timeout: '0' })).presence.find(({ content }) => content['status_msg'] === statusMsg),
        );
      };
      await isTold('by rights');
      // The fan-out is live: what it read while it restored is not rejected again.
      await administrator.append(TOPICS.memberships, [{ key: 'poison', value: 'poison' }]);
      await aggregator.kill('SIGKILL');
      aggregator = Program.start('aggregator', environmentOf('aggregator'));
      await isTold('after a take-over');
      const at = `/_rollcall/v1/timeline?user=${alice.userId}`;
      await until('the past', async () => {
        const { moves } = (await administratorAt(url).ask('GET', at)).body;
        return (moves as readonly unknown[]).length > 0 ? true : undefined;
      });
      const own = await logOf('recipient');
      const topic = recipientTopic('presence.', RECIPIENT);
      await until(
        'the topic of bob',
        async () => (await valuesOf(own, topic)).includes('after a take-over') || undefined,
      );
      await until('both rejected', async () => {
        const rejected = (await valuesOf(administrator, TOPICS.rejected)).split('\n');
        return rejected.filter((value) => value === 'poison').length === 2 || undefined;
      });
      expect(await rollcall('analyst', 'verify')).toContain('clean');
      expect(await rollcall('operator', 'forget', alice.userId)).toContain(alice.userId);
      expect(await rollcall('recipient', 'log', 'read', RECIPIENT)).toContain('after a take-over');
      expect(denied().slice(before)).toEqual([]);
    },
    LIMIT_MS,
  );

  it(
    'go on when one recipient topic may not be written, and fill it when it may',
    async () => {
      const url = await gateway.servingUrl();
      const alice = clientOf(url, 'alice');
      const bob = new PollLoop({ name: 'bob', gateways: () => [url], timeoutMs: 500 });
      const topic = recipientTopic('presence.', RECIPIENT);
      const deny = (...how: readonly string[]): Promise<string> => {
        const args = [...how, '--deny-principal', 'User:fanout', '--operation', 'Write', '--topic', topic];
        return runKafkaTool('kafka-acls', { brokers: cluster.brokers, args });
      };
      await deny('--add');
      let tried = 0;
      await until('it to be told', async () => {
        await alice.put('online', `kept from a topic ${String((tried += 1))}`);
        return /a recipient topic takes no records.* topics rights --help/.test(fanout.stderr) || undefined;
      });
      await alice.put('online', 'told everybody else');
      await until('bob to be told', () => bob.toldOf('alice').includes('online told everybody else') || undefined);
      await bob.stop();
      expect(await valuesOf(administrator, topic)).not.toContain('told everybody else');
      await deny('--remove', '--force');
      await until(
        'the topic to be filled',
        async () => (await valuesOf(administrator, topic)).includes('told everybody else') || undefined,
      );
    },
    LIMIT_MS,
  );

  it(
    'say so when they lose one',
    async () => {
      const alice = clientOf(await gateway.servingUrl(), 'alice');
      await revoke('aggregator', 'Write', '--topic', TOPICS.changes);
      await until('a change that cannot be written', async () => {
        await alice.put('online', 'nobody is told');
        return (
          aggregator.stderr.includes('a topic of the transaction does not exist, or may not be written') || undefined
        );
      });
      await revoke('gateway', 'Write', '--topic', TOPICS.commands);
      await until('a PUT to be refused', async () => ((await alice.put('online')).status === 503 ? true : undefined));
      await until(
        'the cause in its journal',
        () => gateway.stderr.includes('Not authorized to access topics') || undefined,
      );
      await revoke('fanout', 'Read', '--group', 'presence.fanout');
      const { code, stderr } = await fanout.ended;
      expect(code).toBe(1);
      expect(stderr).toMatch(/cannot go on: .*Not authorized.* topics rights --help/);
    },
    LIMIT_MS,
  );

  async function revoke(name: ClientName, operation: string, ...what: readonly string[]): Promise<void> {
    const args = ['--remove', '--force', '--allow-principal', `User:${name}`, '--operation', operation, ...what];
    await runKafkaTool('kafka-acls', { brokers: cluster.brokers, args });
  }

  it.each([
    ['gateway', 'read', TOPICS.registers],
    ['fanout', 'read', TOPICS.snapshots],
    ['recipient', 'read', TOPICS.changes],
    ['gateway', 'write', TOPICS.states],
    ['fanout', 'write', TOPICS.changes],
    ['bridge', 'write', TOPICS.commands],
    ['producer', 'write', TOPICS.commands],
    ['operator', 'write', TOPICS.changes],
    ['analyst', 'write', TOPICS.activity],
  ] as const)('the %s may not %s %s', async (name, doing, topic) => {
    const log = await logOf(name);
    const tried = doing === 'read' ? valuesOf(log, topic) : log.append(topic, [{ key: 'k', value: 'v' }]);
    await expect(tried).rejects.toBeInstanceOf(LogForbiddenError);
  });

  async function handOver(bridge: string, id: string, ...events: readonly unknown[]): Promise<void> {
    const token = /hs_token: "?([^"\s]+)/.exec(readFileSync(registrationFile, 'utf8'))?.[1] ?? '';
    const { status } = await fetch(`${bridge}/_matrix/app/v1/transactions/${id}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ events }),
    });
    expect(status).toBe(200);
  }
});

function joinOf(userId: string): object {
  const content = { membership: 'join' };
  return {
    type: 'm.room.member',
    room_id: '!room:localhost',
    state_key: userId,
    sender: userId,
    content,
    event_id: '$1',
    origin_server_ts: Date.now(),
  };
}
