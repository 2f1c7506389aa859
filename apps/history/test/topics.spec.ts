// `rollcall topics` (issue 4, items 3 and 4): what is created, what is told, and with which exit code.
import { TOPIC_WORDS } from '#libs/contracts';
import { Bench } from './bench.js';

const spec = { partitions: 2, cleanup: 'delete', timestamps: 'append' } as const;

describe('rollcall topics', () => {
  it('create makes all of them, once', async () => {
    const at = new Bench();
    const first = await at.run(['topics', 'create']);
    expect(first.exitCode).toBe(0);
    expect(first.stdout.trimEnd().split('\n')).toHaveLength(10);
    expect(first.stdout).toContain('created  presence.activity\n');
    const second = await at.run(['topics', 'create', '--json']);
    const { topics } = JSON.parse(second.stdout) as { topics: { outcome: string }[] };
    expect(topics.map(({ outcome }) => outcome)).toEqual(Array.from({ length: 10 }, () => 'exists'));
  });

  it('create makes nothing when one differs, and says what mends it', async () => {
    const at = new Bench();
    await at.log.createTopics([{ ...spec, name: 'presence.activity', partitions: 4, timestamps: 'create' }]);
    const { exitCode, stderr } = await at.run(['topics', 'create']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('presence.activity has 4 partitions and the configuration asks for 2: set PARTITIONS');
    expect(stderr).toContain('--entity-name presence.activity --add-config message.timestamp.type=LogAppendTime');
    expect(await at.log.listTopics()).toEqual(['presence.activity']);
  });

  it('check is exit 1 while one is missing or differs, and only notes what may be chosen', async () => {
    const at = new Bench();
    const missing = await at.run(['topics', 'check']);
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toContain('presence.states does not exist: rollcall topics create');
    await at.log.createTopics([{ ...spec, name: 'presence.activity', retentionMs: 60_000 }]);
    await at.run(['topics', 'create']);
    const whole = await at.run(['topics', 'check']);
    expect(whole.exitCode).toBe(0);
    expect(whole.stderr).toBe('note: presence.activity keeps records 60000 ms; the default is 604800000 ms\n');
  });

  it('work under another prefix and other counts', async () => {
    const at = new Bench();
    Object.assign(at.environment, { TOPIC_PREFIX: 'other-', PARTITIONS: '3', DELIVERY_PARTITIONS: '5' });
    await at.run(['topics', 'create']);
    expect((await at.log.describeTopic('other-states'))?.partitions).toBe(3);
    expect((await at.log.describeTopic('other-deliveries'))?.partitions).toBe(5);
  });

  it('add makes a compacted topic for a recipient, and list says whose it is', async () => {
    const at = new Bench();
    expect((await at.run(['topics', 'add', '@bot:example.org'])).stdout).toBe(
      'created  presence.to.-40bot-3Aexample-2Eorg\n',
    );
    expect((await at.log.describeTopic('presence.to.-40bot-3Aexample-2Eorg'))?.cleanup).toBe('compact');
    expect((await at.run(['topics', 'list'])).stdout).toBe('presence.to.-40bot-3Aexample-2Eorg  @bot:example.org\n');
    expect(await at.run(['topics', 'add', 'bot'])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('bot is no Matrix user id'),
    });
  });

  it('describe tells what they hold, by name or all', async () => {
    const at = new Bench();
    await at.run(['topics', 'create']);
    await at.log.append('presence.rooms', [{ key: '!r:hs', value: '{}' }]);
    const { stdout } = await at.run(['topics', 'describe', 'rooms', '--json']);
    const { topics } = JSON.parse(stdout) as { topics: { name: string; ends: number[] }[] };
    expect(topics.map(({ name, ends }) => [name, ends.reduce((sum, end) => sum + end)])).toEqual([
      ['presence.rooms', 1],
    ]);
    expect((await at.run(['topics', 'describe'])).stdout.trimEnd().split('\n')).toHaveLength(11);
  });

  it('rights prints what to grant, as commands of Kafka’s own tool, and asks no log', async () => {
    const at = new Bench();
    const { exitCode, stdout } = await at.run(['topics', 'rights', 'bridge']);
    expect(exitCode).toBe(0);
    const head = 'kafka-acls.sh --bootstrap-server BROKER --add --allow-principal User:rollcall-bridge --operation';
    const all = [...TOPIC_WORDS, 'copy'];
    expect(stdout.split('\n')).toEqual([
      `${head} Describe --operation DescribeConfigs ${all.map((word) => `--topic presence.${word}`).join(' ')}`,
      `${head} Read --topic presence.memberships --topic presence.rooms --topic presence.copy --group presence.bridge`,
      `${head} Write --topic presence.activity --topic presence.memberships --topic presence.rooms`,
      '',
    ]);
    expect(await at.log.listTopics()).toEqual([]);
  });

  it('rights are for the prefix, the principal and the recipient that are named', async () => {
    const at = new Bench();
    at.environment['TOPIC_PREFIX'] = 'my.';
    const told = await at.run([
      'topics',
      'rights',
      'recipient',
      '@bot:hs',
      '--principal',
      "User:CN=Bob's bot",
      '--json',
    ]);
    const name = 'my.to.-40bot-3Ahs';
    const resources = [
      { type: 'topic', name },
      { type: 'group', name },
    ];
    expect(JSON.parse(told.stdout)).toEqual({
      principal: "User:CN=Bob's bot",
      rights: [
        { operations: ['Read'], pattern: 'literal', resources },
        { operations: ['DescribeConfigs'], pattern: 'literal', resources: resources.slice(0, 1) },
      ],
    });
    const words = ['--principal', "User:CN=Bob's bot", '--command-config', 'admin.properties'];
    expect((await at.run(['topics', 'rights', 'producer', ...words])).stdout).toBe(
      "kafka-acls.sh --bootstrap-server BROKER --command-config admin.properties --add --allow-principal 'User:CN=Bob'\\''s bot' --operation Write --topic my.activity\n",
    );
    for (const wrong of [['recipient'], ['recipient', 'bot'], ['gateway', '@bot:hs'], ['nobody']])
      expect(await at.run(['topics', 'rights', ...wrong])).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

describe('the command line', () => {
  it('explains itself, with examples', async () => {
    const at = new Bench();
    expect(await at.run(['--help'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('import'),
      stderr: '',
    });
    expect((await at.run(['import', '--help'])).stdout).toContain('rollcall import memberships members.csv');
    expect((await at.run(['log', 'read', '--help'])).stdout).toContain('--follow');
  });

  it.each([[[]], [['nonsense']], [['log', 'read']], [['log', 'read', 'x', '--from', '-1']]])(
    'is exit 2 for %j',
    async (args) => {
      const { exitCode, stdout, stderr } = await new Bench().run(args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).not.toBe('');
    },
  );

  it('names a variable that is wrong', async () => {
    const at = new Bench();
    at.environment['PARTITIONS'] = 'many';
    const { exitCode, stderr } = await at.run(['topics', 'list']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('PARTITIONS is "many"');
  });
});
