// Mutated requests by the thousands, from a printed seed: no 500, no crash, and the gateway serves as before. Well-formed HTTP
// with mutated parts first, then bytes that are hardly HTTP at all.
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { ALICE, ServedGateway, statusPath } from './served-gateway.js';

jest.setTimeout(180_000);
const REQUESTS = 5_000;
const GARBLED = 300;
const AT_A_TIME = 32;
/** Any request here is answered long before; a wait that never ends is as bad as a 500. */
const ANSWERED_MS = 30_000;
const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

let gateway: ServedGateway;
const agent = new Agent({ keepAlive: true, maxSockets: AT_A_TIME });
beforeAll(async () => {
  gateway = await ServedGateway.start({ PUT_PER_SECOND: '100000', PUT_BURST: '100000' }, { bounds: { maxPollMs: 5, maxVisibleMs: 1, maxWaitingPerUser: 50 } });
});
afterAll(async () => {
  agent.destroy();
  await gateway.stop();
});

/** Mulberry32: small, seeded, good enough to choose by. */
class Choice {
  constructor(private state: number) {}

  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const METHODS = ['GET', 'GET', 'GET', 'PUT', 'PUT', 'POST', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH'];
const ID = encodeURIComponent(ALICE);
const PATHS = [
  statusPath(ALICE), statusPath('@bob:hs'), `/_matrix/client/r0/presence/${ID}/status`, `/_matrix/client/v3/presence/${ID}/override`,
  '/_matrix/client/v3/sync', '/_matrix/client/r0/sync', `/_matrix/client/v3/user/${ID}/filter`, `/_matrix/client/v3/user/${ID}/filter/z.AAAA`,
  '/_matrix/client/versions', '/_matrix/client/v3/account/whoami', '/_matrix/client/v3/login', '/_matrix/client/v3/capabilities', '/_matrix/client/v3/pushrules/',
  '/_rollcall/v1/stream', '/_rollcall/v1/memberships', '/_rollcall/v1/rooms', '/_rollcall/v1/activity', '/_rollcall/v1/commands', '/health/ready', '/metrics', '/',
];
const QUERIES = [
  '', 'since=r1_0_0_0_AAAAAAAA_0.0', 'since=r1_1_zzzz.5_zzzzzzzz_AAAAAAAA_1.1_abc', 'since=r9_x', 'since=', 'timeout=1', 'timeout=999999999999', 'timeout=-5',
  'set_presence=offline', 'set_presence=unavailable&since=r1_0_0_0_AAAAAAAA_0.0', 'filter=%7B%22presence%22%3A%7B%22limit%22%3A1%7D%7D', 'filter=z.AAAA', 'full_state=true', 'all=true',
  'access_token=dev%7Cadmin',
];
const BODIES = [
  '', '{"presence":"online","status_msg":"hi"}', '{"presence":"busy"}', '{"presence":null}', '{"presence":{"senders":["@a:hs"],"limit":3}}', '{"type":"m.login.token","token":"dev|@a:hs|D"}',
  '{"room_id":"!r:hs","user_id":"@a:hs","membership":"join"}\n{"room_id":"!r:hs"}', '{"type":"device.connected","user_id":"@a:hs","device_id":"D","session_id":"s","claim":"auto","lease_ms":1000}',
  '{"type":"presence.set","user_id":"@a:hs","device_id":"D","presence":"online"}', '{"__proto__":{"presence":"online"},"presence":"online"}', '[[[[[[]]]]]]', '"\\ud800"',
];
const TOKENS = [`dev|${ALICE}|PHONE`, `dev|${ALICE}|PHONE`, 'dev|admin', 'dev|@b:hs', 'dev|', 'x', ''];
const PIECES = ['%', '%00', '%ff', '%F0%9F%98%80', '/', '//', '..', '?', '&', '=', '\u00e9', '|', '"', '\\', '{', '}', '[', 'null', '-1', '1e999', 'a'.repeat(300), '%25', ';', '@', ':', '\u0000'];

function mutate(choice: Choice, text: string, times: number): string {
  let mutated = text;
  for (let n = 0; n < times; n += 1) {
    const at = choice.below(mutated.length + 1);
    const cut = choice.below(4);
    mutated = mutated.slice(0, at) + (choice.next() < 0.6 ? choice.of(PIECES) : String.fromCharCode(choice.below(256))) + mutated.slice(at + cut);
  }
  return mutated;
}

/** What node's own client lets through. */
function sendable(path: string): string {
  return `/${path.replace(/^\/+/, '')}`.replaceAll(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character));
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
  readonly headers: Record<string, string>;
}

function requestOf(choice: Choice): Sent {
  const often = (text: string): string => (choice.next() < 0.5 ? text : mutate(choice, text, 1 + choice.below(4)));
  const query = often(choice.of(QUERIES));
  const path = sendable(often(choice.of(PATHS)) + (query === '' ? '' : `?${query}`));
  const token = choice.next() < 0.8 ? choice.of(TOKENS) : mutate(choice, choice.of(TOKENS), 2);
  const headers: Record<string, string> = { authorization: `Bearer ${token}`.replaceAll(/[^\x20-\x7e\x80-\xff]/g, '') };
  if (choice.next() < 0.3) headers['content-type'] = mutate(choice, 'application/json', 2).replaceAll(/[^\x20-\x7e]/g, '');
  if (choice.next() < 0.1) headers['last-event-id'] = mutate(choice, 'r1_0_0_0_AAAAAAAA_0.0', 2).replaceAll(/[^\x20-\x7e]/g, '');
  return { method: choice.of(METHODS), path, headers, body: Buffer.from(often(choice.of(BODIES)), choice.next() < 0.9 ? 'utf8' : 'latin1') };
}

function send({ method, path, headers, body }: Sent): Promise<number> {
  const { hostname, port } = gateway.url;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  return new Promise((resolve, reject) => {
    const sent = request({ host: hostname, port, method, path, headers, agent }, (response) => {
      const status = response.statusCode ?? 0;
      if (String(response.headers['content-type']).startsWith('text/event-stream')) {
        response.destroy();
        resolve(status);
        return;
      }
      response.on('data', () => undefined);
      response.on('end', () => {
        resolve(status);
      });
    });
    sent.on('error', (error) => {
      reject(new Error(`seed ${String(SEED)}: ${error.message} at ${method} ${path} ${JSON.stringify(headers)} ${body.toString('latin1')}`));
    });
    sent.setTimeout(ANSWERED_MS, () => sent.destroy(new Error('no answer')));
    // Said explicitly: for some methods node's client would send a body without its length.
    if (hasBody) sent.setHeader('content-length', body.length);
    sent.end(hasBody ? body : undefined);
  });
}

/** Bytes as they are; resolves when the server has closed or answered. */
function sendBytes(bytes: Buffer): Promise<string> {
  const { hostname, port } = gateway.url;
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.end(bytes));
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      resolve(answer);
    });
  });
}

async function inTurns(count: number, run: () => Promise<void>): Promise<void> {
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await run();
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

async function expectServing(): Promise<void> {
  expect((await gateway.put({ presence: 'online' })).status).toBe(200);
  expect((await gateway.ask('GET', statusPath(ALICE))).status).toBe(200);
  expect((await gateway.ask('GET', '/_matrix/client/v3/sync')).status).toBe(200);
}

describe(`requests mutated from seed ${String(SEED)}`, () => {
  it(`${String(REQUESTS)} of them are answered, none with a 5xx`, async () => {
    const choice = new Choice(SEED);
    const statuses = new Map<number, number>();
    await inTurns(REQUESTS, async () => {
      const sent = requestOf(choice);
      const status = await send(sent);
      if (status >= 500) throw new Error(`seed ${String(SEED)}: ${String(status)} to ${JSON.stringify({ ...sent, body: sent.body.toString('latin1') })}`);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
    // The mutation is neither so mild nor so wild that only one thing is tried.
    for (const status of [200, 400, 401, 403, 404, 405]) expect(statuses.get(status) ?? 0).toBeGreaterThan(10);
    await expectServing();
  });

  it(`${String(GARBLED)} heaps of bytes do no harm`, async () => {
    const choice = new Choice(SEED + 1);
    await inTurns(GARBLED, async () => {
      const head = `${choice.of(METHODS)} ${choice.of(PATHS)} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer dev|admin\r\nContent-Length: ${String(choice.below(50))}\r\n\r\n{"presence":`;
      const answer = await sendBytes(Buffer.from(mutate(choice, head, 3 + choice.below(10)), 'latin1'));
      expect(answer).not.toMatch(/^HTTP\/1.1 5(?!03|05)/);
    });
    await expectServing();
  });
});
