// TLS and SASL against a broker of our own: every mechanism connects and works, wrong passwords and unknown certificates
// are refused at once and in words.
import { describeLocalKafka, LocalCluster } from '#libs/testing';
import { KafkaEventLog, type KafkaOptions, type SaslOptions } from '../index.js';

type Security = Pick<KafkaOptions, 'brokers' | 'ssl' | 'sasl'>;

describeLocalKafka('security on Kafka', () => {
  let cluster: LocalCluster;
  beforeAll(async () => {
    cluster = await LocalCluster.start({ secure: true });
  }, 120_000);
  afterAll(() => cluster.close());

  const secure = (): NonNullable<LocalCluster['secure']> => cluster.secure!;
  const trust = (): { ca: string } => ({ ca: secure().certificate });
  const alice = (mechanism: SaslOptions['mechanism']): SaslOptions => ({
    mechanism,
    username: 'alice',
    password: secure().users.alice,
  });

  const ways: [string, () => Security][] = [
    ['SASL PLAIN', () => ({ brokers: secure().sasl, sasl: alice('plain') })],
    ['SCRAM-SHA-256', () => ({ brokers: secure().sasl, sasl: alice('scram-sha-256') })],
    ['SCRAM-SHA-512', () => ({ brokers: secure().sasl, sasl: alice('scram-sha-512') })],
    ['TLS', () => ({ brokers: secure().tls, ssl: trust() })],
    ['SASL PLAIN over TLS', () => ({ brokers: secure().saslTls, ssl: trust(), sasl: alice('plain') })],
    ['SCRAM-SHA-512 over TLS', () => ({ brokers: secure().saslTls, ssl: trust(), sasl: alice('scram-sha-512') })],
  ];

  it.each(ways)('%s: appends, transacts and reads', async (name, security) => {
    const log = await KafkaEventLog.connect({ ...security(), clientId: 'secure' });
    const topic = `secure.${name.replace(/\W/g, '-')}`;
    await log.createTopics([{ name: topic, partitions: 1, cleanup: 'delete', timestamps: 'append' }]);
    await log.append(topic, [{ key: 'k', value: 'appended' }]);
    const transactor = await log.transactor(topic);
    await transactor.transact({ appends: [{ topic, records: [{ key: 'k', value: 'transacted' }] }] });
    const values: string[] = [];
    for await (const { records } of log.read(topic, 0, 0, 2)) values.push(...records.map(({ value }) => String(value)));
    expect(values).toEqual(['appended', 'transacted']);
    await log.close();
  });

  const refused: [string, () => Security, RegExp][] = [
    [
      'a wrong password by PLAIN',
      () => ({ brokers: secure().sasl, sasl: { ...alice('plain'), password: 'wrong' } }),
      /authentication/i,
    ],
    [
      'a wrong password by SCRAM',
      () => ({ brokers: secure().sasl, sasl: { ...alice('scram-sha-256'), password: 'wrong' } }),
      /authentication/i,
    ],
    ['a certificate that nobody vouches for', () => ({ brokers: secure().tls, ssl: true }), /certificate/i],
  ];

  it.each(refused)('refuses %s', async (_name, security, words) => {
    const connecting = KafkaEventLog.connect({ ...security(), clientId: 'refused', requestTimeoutMs: 1_500 });
    await expect(connecting).rejects.toThrow(words);
  });
});
