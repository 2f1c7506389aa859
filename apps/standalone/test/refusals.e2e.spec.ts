// Starts that must not happen: each is answered by sentences that an operator can act on, and by nothing else.

import { createServer } from 'node:net';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Program, endEverything, freshFolder, type ProgramName } from './program.js';

// Processes start slowly where many others do.
jest.setTimeout(120_000);
afterAll(endEverything);

const CONFIGURATION = 78;
const folder = freshFolder();
const notTokens = join(folder, 'tokens.json');
writeFileSync(notTokens, 'not JSON');
const notFolder = join(folder, 'a-file');
writeFileSync(notFolder, '');

/** Nobody listens there, which is found out only after everything else. */
const KAFKA = { KAFKA_BROKERS: '127.0.0.1:1' };
const JWT = { JWT_ISSUER: 'https://as/', JWT_AUDIENCE: 'rollcall', SERVER_NAME: 'hs' };

const WRONG: readonly (readonly [ProgramName, Record<string, string>, number, RegExp])[] = [
  ['standalone', { HTTP_PORT: '80a' }, CONFIGURATION, /HTTP_PORT is "80a"; allowed: a whole number from 0 to 65535\./],
  ['standalone', { PARTITIONS: '0' }, CONFIGURATION, /PARTITIONS is "0"; allowed: a whole number from 1 to/],
  [
    'standalone',
    { IDLE_AFTER_MS: '1000', ACTIVE_FOR_MS: '2000' },
    CONFIGURATION,
    /IDLE_AFTER_MS is 1000 ms and ACTIVE_FOR_MS is 2000 ms/,
  ],
  ['standalone', { BUSY_NAME: 'maybe' }, CONFIGURATION, /BUSY_NAME is "maybe"; allowed: unstable, stable\./],
  [
    'standalone',
    { WHOAMI_URL: 'matrix.org' },
    CONFIGURATION,
    /WHOAMI_URL is "matrix.org"; allowed: an http:\/\/ or https:\/\/ URL/,
  ],
  [
    'standalone',
    { STATIC_TOKENS_FILE: join(folder, 'absent') },
    CONFIGURATION,
    /STATIC_TOKENS_FILE is ".*absent", which cannot be read \(ENOENT\)/,
  ],
  ['standalone', { STATIC_TOKENS_FILE: notTokens }, CONFIGURATION, /STATIC_TOKENS_FILE/],
  ['standalone', { DATA_DIR: notFolder }, 1, /DATA_DIR|a-file/],
  ['standalone', { HTTP_HOST: '192.0.2.1' }, 1, /HTTP_HOST is "192.0.2.1", which is no address of this machine/],
  [
    'standalone',
    { KAFKA_BROKERS: '127.0.0.1:1' },
    CONFIGURATION,
    /None of STATIC_TOKENS_FILE, JWKS_URL, JWKS_FILE, INTROSPECTION_URL, WHOAMI_URL, HOMESERVER_URL is set; a gateway/,
  ],
  [
    'standalone',
    { INTROSPECTION_URL: 'http://as', SERVER_NAME: 'hs' },
    CONFIGURATION,
    /INTROSPECTION_URL is set and INTRO/,
  ],
  ['gateway', {}, CONFIGURATION, /KAFKA_BROKERS is not set; start:gateway needs/],
  ['gateway', { KAFKA_BROKERS: '127.0.0.1:1' }, CONFIGURATION, /None of STATIC_TOKENS_FILE/],
  ['aggregator', {}, CONFIGURATION, /KAFKA_BROKERS is not set; start:aggregator needs/],
  ['fanout', { KAFKA_BROKER: '127.0.0.1:1' }, CONFIGURATION, /did you mean KAFKA_BROKERS\?/],
  [
    'aggregator',
    { ...KAFKA, IDLE_AFTER_MS: '60000' },
    CONFIGURATION,
    /IDLE_AFTER_MS is 60000 ms and ACTIVE_FOR_MS is 60000 ms; allowed: IDLE_AFTER_MS greater/,
  ],
  [
    'aggregator',
    { ...KAFKA, KAFKA_SSL_CA: join(folder, 'absent.pem') },
    CONFIGURATION,
    /KAFKA_SSL_CA is ".*absent.pem", which cannot be read \(ENOENT\)/,
  ],
  ['fanout', { ...KAFKA, KAFKA_SSL_CERT: notFolder }, CONFIGURATION, /KAFKA_SSL_CERT is set and KAFKA_SSL_KEY is not/],
  ['fanout', { ...KAFKA, KAFKA_SASL_USERNAME: 'us' }, CONFIGURATION, /KAFKA_SASL_USERNAME is set and KAFKA_SASL_PASS/],
  [
    'fanout',
    { ...KAFKA, MAX_ROOM_MEMBERS: 'all' },
    CONFIGURATION,
    /MAX_ROOM_MEMBERS is "all"; allowed: a whole number/,
  ],
  [
    'gateway',
    { ...KAFKA, ...JWT, JWKS_FILE: notTokens, JWKS_URL: 'https://as/keys' },
    CONFIGURATION,
    /JWKS_URL and JWKS_FILE are both set; allowed: one of them/,
  ],
  ['standalone', { ...JWT, JWKS_FILE: notTokens }, CONFIGURATION, /JWKS_FILE/],
  [
    'gateway',
    { ...KAFKA, WHOAMI_URL: 'http://hs', ADMIN_TOKEN: 'a b' },
    CONFIGURATION,
    /ADMIN_TOKEN is set to something/,
  ],
  [
    'gateway',
    { ...KAFKA, WHOAMI_URL: 'http://hs', OTEL_EXPORTER_OTLP_ENDPOINT: '127.0.0.1:4318' },
    CONFIGURATION,
    /OTEL_EXPORTER_OTLP_ENDPOINT is "127.0.0.1:4318"; allowed: an http:\/\//,
  ],
  ['gateway', { ...KAFKA, WHOAMI_URL: 'http://hs', DEMO: 'true' }, CONFIGURATION, /DEMO is true and KAFKA_BROKERS and/],
  ['bridge', KAFKA, CONFIGURATION, /BRIDGE_REGISTRATION_FILE is not set; start:bridge needs the path/],
  [
    'bridge',
    { ...KAFKA, BRIDGE_REGISTRATION_FILE: join(folder, 'absent.yaml') },
    CONFIGURATION,
    /BRIDGE_REGISTRATION_FILE is ".*absent.yaml", which cannot be read/,
  ],
  ['standalone', { BRIDGE_REGISTRATION_FILE: notTokens }, CONFIGURATION, /BRIDGE_REGISTRATION_FILE/],
  [
    'standalone',
    { DATA_DIR: '/dev/null/data' },
    1,
    /DATA_DIR is "\/dev\/null\/data", and \/dev\/null\S* is no directory/,
  ],
];

describe('a start that must not happen', () => {
  let outOfReach: Program;
  beforeAll(() => {
    // Tries for some seconds, while the others are tested.
    outOfReach = Program.start('aggregator', { KAFKA_BROKERS: '127.0.0.1:1' });
  });

  it.each(WRONG)('%s with %j', async (name, environment, code, sentence) => {
    const ended = await Program.start(name, { DATA_DIR: freshFolder(), ...environment }).ended;
    expect(ended.stderr).toMatch(sentence);
    expect(ended.stderr).toMatch(new RegExp(`^${name} does not start:\n  `, 'm'));
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: '' });
  });

  it('is tried of every service, in more than ten ways', () => {
    expect(new Set(WRONG.map(([name]) => name))).toEqual(
      new Set(['standalone', 'gateway', 'aggregator', 'fanout', 'bridge']),
    );
    expect(WRONG.length).toBeGreaterThan(25);
  });

  it('tells every fault of a configuration at once', async () => {
    const { stderr } = await Program.start('standalone', { HTTP_PORT: 'x', PUT_BURST: '0', LOG_LEVEL: 'loud' }).ended;
    for (const name of ['HTTP_PORT', 'PUT_BURST', 'LOG_LEVEL']) expect(stderr).toContain(`  ${name} is "`);
  });

  it('refuses an argument that means nothing', async () => {
    const { code, stderr } = await Program.start('standalone', {}, '--port=1').ended;
    expect(stderr).toContain('Argument --port=1 is not understood');
    expect(code).toBe(CONFIGURATION);
  });

  it('names the port that is in use', async () => {
    const holder = createServer();
    await new Promise<void>((listening) => holder.listen(0, '127.0.0.1', listening));
    const { port } = holder.address() as { port: number };
    const { code, stderr } = await Program.start('standalone', { HTTP_PORT: String(port), DATA_DIR: freshFolder() })
      .ended;
    holder.close();
    expect(stderr).toContain(`HTTP_PORT is ${String(port)}, and another process listens there on 127.0.0.1`);
    expect(code).toBe(1);
  });

  it('refuses the directory of a running process, which goes on undisturbed', async () => {
    const directory = freshFolder();
    const first = Program.start('standalone', { DATA_DIR: directory });
    const url = await first.url();
    const second = await Program.start('standalone', { DATA_DIR: directory }).ended;
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/standalone does not start:\n {2}\S.*\n$/);
    expect(second.stderr).toContain(directory);
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    expect((await first.kill('SIGTERM')).code).toBe(0);
  });

  it('names the brokers that cannot be reached', async () => {
    const { code, stderr } = await outOfReach.ended;
    expect(stderr).toContain('KAFKA_BROKERS is "127.0.0.1:1", and none of them can be used now');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });

  it('says that a directory cannot be written', async () => {
    const directory = freshFolder();
    chmodSync(directory, 0o555);
    const { code, stderr } = await Program.startUnprivileged('standalone', { DATA_DIR: join(directory, 'data') }).ended;
    expect(stderr).toContain(`DATA_DIR is "${join(directory, 'data')}", and `);
    expect(stderr).toContain('may not be written by this user.');
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  });
});
