// Configuration as an operator meets it: defaults, values, and sentences for everything that is wrong.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessName } from './configuration.js';
import { describeConfiguration } from './describe.js';
import { variableReference } from './reference.js';
import { ConfigurationError, VARIABLE_NAMES, readConfiguration, type Environment } from './read.js';

function faultsOf(environment: Environment, app: ProcessName = 'standalone'): readonly string[] {
  try {
    readConfiguration(environment, app);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
}

const tokens = { STATIC_TOKENS_FILE: __filename };

describe('an empty environment', () => {
  it('but for brokers gives eight partitions of deliveries too', () => {
    const { configuration } = readConfiguration({ ...tokens, KAFKA_BROKERS: 'b:9092' }, 'standalone');
    expect(configuration.topics).toEqual({ prefix: 'presence.', partitions: 8, deliveryPartitions: 8 });
  });

  it('gives the defaults of the design', () => {
    const { configuration, hints } = readConfiguration({}, 'standalone');
    expect(hints).toEqual([]);
    expect(configuration).toEqual({
      dataDirectory: './data',
      topics: { prefix: 'presence.', partitions: 2, deliveryPartitions: 1 },
      http: { host: '127.0.0.1', port: 8090 },
      roomRules: { publicRooms: 'share', withheld: [], shared: [] },
      policy: {
        idleAfterMs: 300_000,
        activeForMs: 60_000,
        offlineAfterMs: 30_000,
        busyOfflineAfterMs: 3_600_000,
        maxLeaseMs: 600_000,
      },
      gateway: {
        busyName: 'unstable',
        putPerSecond: 5,
        putBurst: 20,
        tokenCacheMs: 30_000,
        tokenStaleMs: 600_000,
      },
      fanout: { maxRoomMembers: 10_000, maxRecipientTopics: 1_000 },
      aggregator: { acceptLoss: false, snapshotEveryMs: 86_400_000 },
      logLevel: 'info',
      shutdownTimeoutMs: 8_000,
    });
  });

  it('is the same with every variable set to nothing', () => {
    const empty = Object.fromEntries(VARIABLE_NAMES.map((name) => [name, '']));
    expect(readConfiguration(empty, 'standalone')).toEqual(readConfiguration({}, 'standalone'));
  });

  it.each(['aggregator', 'fanout'] as const)('serves no HTTP in the %s unless HTTP_PORT is set', (app) => {
    const kafka = { KAFKA_BROKERS: 'b:9092' };
    expect(readConfiguration(kafka, app).configuration.http).toEqual({ host: '127.0.0.1' });
    expect(readConfiguration({ ...kafka, HTTP_PORT: '0' }, app).configuration.http).toEqual({
      host: '127.0.0.1',
      port: 0,
    });
  });
});

describe('values', () => {
  it('become typed', () => {
    const { configuration } = readConfiguration(
      {
        ...tokens,
        KAFKA_BROKERS: 'one:9092, [::1]:9093',
        KAFKA_SSL: 'true',
        KAFKA_SASL_MECHANISM: 'scram-sha-512',
        KAFKA_SASL_USERNAME: 'u',
        KAFKA_SASL_PASSWORD: 'p w',
        REPLICATION_FACTOR: '3',
        PUT_PER_SECOND: '0.1',
        PUT_BURST: '1',
        HOMESERVER_URL: 'http://hs:8008',
        ACCEPT_LOSS: 'yes',
        BUSY_NAME: 'stable',
      },
      'standalone',
    );
    expect(configuration.kafka).toEqual({
      brokers: ['one:9092', '[::1]:9093'],
      clientId: 'rollcall',
      ssl: {},
      sasl: { mechanism: 'scram-sha-512', username: 'u', password: 'p w' },
      replicationFactor: 3,
    });
    expect(configuration.gateway).toMatchObject({
      putPerSecond: 0.1,
      putBurst: 1,
      whoamiUrl: 'http://hs:8008',
      busyName: 'stable',
    });
    expect(configuration.aggregator.acceptLoss).toBe(true);
  });

  it('read certificates from their files', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-configuration-'));
    const file = join(folder, 'ca.pem');
    writeFileSync(file, 'certificate');
    const { configuration } = readConfiguration({ ...tokens, KAFKA_BROKERS: 'b:1', KAFKA_SSL_CA: file }, 'standalone');
    rmSync(folder, { recursive: true });
    expect(configuration.kafka?.ssl).toEqual({ ca: 'certificate' });
  });
});

describe('faults', () => {
  it.each([
    [{ HTTP_PORT: 'eighty' }, 'HTTP_PORT is "eighty"; allowed: a whole number from 0 to 65535.'],
    [{ HTTP_PORT: '65536' }, 'HTTP_PORT is "65536"; allowed: a whole number from 0 to 65535.'],
    [{ PARTITIONS: '0' }, 'PARTITIONS is "0"; allowed: a whole number from 1 to 10000.'],
    [{ IDLE_AFTER_MS: '5m' }, 'IDLE_AFTER_MS is "5m"; allowed: a whole number of milliseconds from 1 to 31536000000.'],
    [{ PUT_PER_SECOND: '-1' }, 'PUT_PER_SECOND is "-1"; allowed: a number above 0, such as 5 or 0.1.'],
    [{ DEMO: 'perhaps' }, 'DEMO is "perhaps"; allowed: true or false.'],
    [{ BUSY_NAME: 'Busy' }, 'BUSY_NAME is "Busy"; allowed: unstable, stable.'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL is "loud"; allowed: debug, info, warn, error, silent.'],
    [
      { WHOAMI_URL: 'hs:8008' },
      'WHOAMI_URL is "hs:8008"; allowed: an http:// or https:// URL, such as https://matrix.example.org.',
    ],
    [{ TOPIC_PREFIX: 'a/b' }, 'TOPIC_PREFIX is "a/b"; allowed: up to 100 of the characters A-Z a-z 0-9 . _ -.'],
    [
      { STATIC_TOKENS_FILE: '/nowhere/tokens' },
      'STATIC_TOKENS_FILE is "/nowhere/tokens", which cannot be read (ENOENT); allowed: the path of a readable file.',
    ],
    [
      { ...tokens, KAFKA_BROKERS: 'broker' },
      'KAFKA_BROKERS is "broker"; allowed: host:port, several separated by commas, such as 127.0.0.1:9092.',
    ],
    [
      { ...tokens, KAFKA_BROKERS: 'b:1', KAFKA_SASL_USERNAME: 'u' },
      'KAFKA_SASL_USERNAME is set and KAFKA_SASL_PASSWORD is not; allowed: both or neither.',
    ],
  ])('%j is answered by a sentence', (environment, sentence) => {
    expect(faultsOf(environment)).toEqual([sentence]);
  });

  const introspection = {
    INTROSPECTION_URL: 'https://as/i',
    INTROSPECTION_CLIENT_ID: 'c',
    INTROSPECTION_CLIENT_SECRET: 's',
    SERVER_NAME: 'hs',
  };
  const jwt = { JWKS_URL: 'https://as/keys', JWT_ISSUER: 'https://as/', JWT_AUDIENCE: 'rollcall', SERVER_NAME: 'hs' };

  it.each([
    [
      {},
      'SERVER_NAME',
      'INTROSPECTION_URL is set and SERVER_NAME is not; needed, since the claim username holds a localpart: SERVER_NAME',
    ],
    [
      {},
      'INTROSPECTION_CLIENT_ID',
      'INTROSPECTION_URL is set and INTROSPECTION_CLIENT_ID is not; needed: INTROSPECTION_CLIENT_ID and',
    ],
    [{}, 'INTROSPECTION_CLIENT_SECRET', 'INTROSPECTION_URL is set and INTROSPECTION_CLIENT_SECRET is not; needed:'],
    [
      {},
      'INTROSPECTION_URL',
      'INTROSPECTION_CLIENT_ID and INTROSPECTION_CLIENT_SECRET are set and INTROSPECTION_URL is not; allowed: with INTROSPECTION_URL only.',
    ],
  ])('introspection with %j and without %s is half configured', (more, without, sentence) => {
    expect(faultsOf({ ...introspection, ...more })).toEqual([]);
    expect(faultsOf({ ...introspection, ...more, [without]: '' })).toEqual([expect.stringContaining(sentence)]);
  });

  it.each([
    [
      'SERVER_NAME',
      'JWKS_URL is set and SERVER_NAME is not; needed, since the claim sub holds a localpart: SERVER_NAME',
    ],
    ['JWT_ISSUER', 'JWKS_URL is set and JWT_ISSUER is not; needed: JWT_ISSUER and JWT_AUDIENCE.'],
    ['JWT_AUDIENCE', 'JWKS_URL is set and JWT_AUDIENCE is not; needed: JWT_ISSUER and JWT_AUDIENCE.'],
    ['JWKS_URL', 'JWT_ISSUER and JWT_AUDIENCE are set and JWKS_URL or JWKS_FILE is not;'],
  ])('JWTs without %s are half configured', (without, sentence) => {
    expect(faultsOf(jwt)).toEqual([]);
    expect(faultsOf({ ...jwt, [without]: '' })).toEqual([expect.stringContaining(sentence)]);
  });

  it('two places of one JWK set are one too many, and a claim of whole user ids needs no server name', () => {
    expect(faultsOf({ ...jwt, JWKS_FILE: __filename })).toEqual([
      expect.stringContaining('JWKS_URL and JWKS_FILE are both set'),
    ]);
    expect(faultsOf({ ...jwt, SERVER_NAME: '', JWT_USER_CLAIM: 'mxid' })).toEqual([]);
  });

  it('come all at once', () => {
    expect(
      faultsOf({ HTTP_PORT: 'x', PARTITIONS: '-1', ACTIVE_FOR_MS: '400000', OFFLINE_AFTER_MS: '4000000' }),
    ).toHaveLength(4);
  });

  it('never show a secret', () => {
    const faults = faultsOf({ ADMIN_TOKEN: 'has spaces in it' });
    expect(faults).toEqual([
      'ADMIN_TOKEN is set to something that cannot be used; allowed: visible ASCII characters without spaces.',
    ]);
  });

  it('name both sides of a relation', () => {
    const [idle] = faultsOf({ IDLE_AFTER_MS: '1000', ACTIVE_FOR_MS: '1000' });
    expect(idle).toMatch(
      /^IDLE_AFTER_MS is 1000 ms and ACTIVE_FOR_MS is 1000 ms; allowed: IDLE_AFTER_MS greater than ACTIVE_FOR_MS/,
    );
    const [busy] = faultsOf({ BUSY_OFFLINE_AFTER_MS: '1' });
    expect(busy).toBe(
      'BUSY_OFFLINE_AFTER_MS is 1 ms and OFFLINE_AFTER_MS is 30000 ms; allowed: BUSY_OFFLINE_AFTER_MS at least OFFLINE_AFTER_MS.',
    );
  });

  it('do not complain about a relation of a value already refused', () => {
    expect(faultsOf({ IDLE_AFTER_MS: 'x', ACTIVE_FOR_MS: '400000' })).toHaveLength(1);
  });

  it.each(['gateway', 'aggregator', 'fanout'] as const)('start:%s without brokers names the variable', (app) => {
    expect(faultsOf(tokens, app)).toEqual([
      expect.stringMatching(new RegExp(`^KAFKA_BROKERS is not set; start:${app} needs`)),
    ]);
  });

  it.each(['gateway', 'standalone'] as const)(
    'the %s on Kafka names the methods that would tell it who its users are',
    (app) => {
      expect(faultsOf({ KAFKA_BROKERS: 'b:1', ADMIN_TOKEN: 'x' }, app)).toEqual([
        expect.stringMatching(
          /^None of STATIC_TOKENS_FILE, JWKS_URL, JWKS_FILE, INTROSPECTION_URL, WHOAMI_URL, HOMESERVER_URL is set; a gateway on Kafka needs one of them/,
        ),
      ]);
      expect(faultsOf({ KAFKA_BROKERS: 'b:1', WHOAMI_URL: 'http://hs' }, app)).toEqual([]);
    },
  );
});

describe('hints', () => {
  it.each([
    ['KAFKA_BROKER', 'KAFKA_BROKERS'],
    ['IDLE_AFTER', 'IDLE_AFTER_MS'],
    ['ROLLCALL_DATA_DIR', 'DATA_DIR'],
    ['PARTITION', 'PARTITIONS'],
    ['admin_tokn', 'ADMIN_TOKEN'],
  ])('%s hints at %s and does not refuse', (given, meant) => {
    expect(readConfiguration({ [given]: 'x' }, 'standalone').hints).toEqual([
      `${given} is set but means nothing here; did you mean ${meant}?`,
    ]);
  });

  it('stay silent about foreign names and about those whose right one is set', () => {
    expect(
      readConfiguration(
        { HOME: '/', HTTP_PROXY: 'x', LOGNAME: 'y', IDLE_AFTER: '1', IDLE_AFTER_MS: '100000' },
        'standalone',
      ).hints,
    ).toEqual([]);
  });

  it('stand beside the faults', () => {
    expect(faultsOf({ KAFKA_BROKER: 'b:1' }, 'aggregator').at(-1)).toContain('did you mean KAFKA_BROKERS?');
  });
});

describe('the reference', () => {
  it('says of every variable what it means and may hold', () => {
    const entries = variableReference();
    expect(entries.map(({ name }) => name).sort()).toEqual([...VARIABLE_NAMES].sort());
    for (const { means, allowed } of entries) {
      expect(means).not.toBe('');
      expect(allowed).not.toBe('anything');
    }
  });

  it('has defaults that are in force: set to them, everything is as if nothing were set', () => {
    const defaults = Object.fromEntries(
      variableReference().flatMap(({ name, absent }) =>
        absent === undefined || /^(KAFKA_SASL|JWT_|INTROSPECTION_)/.test(name) ? [] : [[name, absent]],
      ),
    );
    expect(Object.keys(defaults).length).toBeGreaterThan(18);
    expect(readConfiguration(defaults, 'standalone')).toEqual(readConfiguration({}, 'standalone'));
  });
});

describe('what is printed at start', () => {
  it('holds no secret', () => {
    const { configuration } = readConfiguration(
      {
        ...tokens,
        KAFKA_BROKERS: 'b:1',
        KAFKA_SASL_USERNAME: 'uncle',
        KAFKA_SASL_PASSWORD: 'hunter2',
        ADMIN_TOKEN: 'sesame',
        WHOAMI_URL: 'http://me:pw@hs',
        SERVER_NAME: 'hs',
        INTROSPECTION_URL: 'https://me:pw@as/i',
        INTROSPECTION_CLIENT_ID: 'c',
        INTROSPECTION_CLIENT_SECRET: 'opensesame',
      },
      'standalone',
    );
    const printed = JSON.stringify(describeConfiguration(configuration));
    for (const secret of ['uncle', 'hunter2', 'sesame', 'pw@', 'opensesame']) expect(printed).not.toContain(secret);
    expect(printed).toContain('"KAFKA_BROKERS":"b:1"');
    expect(printed).toContain('"ADMIN_TOKEN":"set"');
  });

  it('says which homeserver the gateway stands in front of, without what may be said of users in its address', () => {
    const environment = { HOMESERVER_URL: 'http://me:pw@hs:8008', SLIDING_SYNC_PRESENCE: 'yes' };
    const printed = describeConfiguration(readConfiguration(environment, 'standalone').configuration);
    expect(printed).toMatchObject({ HOMESERVER_POLL_MS: 90_000, SLIDING_SYNC_PRESENCE: true });
    expect(printed['HOMESERVER_URL']).toMatch(/^http:\/\/hs:8008/);
  });
});

describe('a simulated town', () => {
  it('is there when it is asked for, on the embedded log and loopback', () => {
    expect(readConfiguration({ DEMO: 'true' }, 'standalone').configuration.gateway.demo).toBe(true);
    expect(readConfiguration({ DEMO: 'false' }, 'standalone').configuration.gateway).not.toHaveProperty('demo');
  });

  it.each([
    [{ ADMIN_TOKEN: 'x' }, 'ADMIN_TOKEN is set'],
    [{ WHOAMI_URL: 'http://hs' }, 'WHOAMI_URL is set'],
    [{ KAFKA_BROKERS: 'a:1', STATIC_TOKENS_FILE: '/dev/null' }, 'KAFKA_BROKERS and STATIC_TOKENS_FILE are set'],
    [{ HTTP_HOST: '0.0.0.0' }, 'HTTP_HOST is 0.0.0.0'],
  ])('is refused beside %j', (environment, why) => {
    expect(() => readConfiguration({ DEMO: 'true', ...environment }, 'standalone')).toThrow(
      `DEMO is true and ${why}; allowed:`,
    );
  });
});
