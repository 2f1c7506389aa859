// What is plain goes by the hot lane and never reaches what stands behind it; whatever is unusual reaches it untouched.
import { createServer, request, type OutgoingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Metrics } from '#libs/runtime';
import { gatewayMeters } from '../meters.js';
import { HotLane } from './hot-lane.js';
import { refuse } from './refused-request.js';
import { RequestCounts } from './request-counts.js';
import { bodyText } from './request-reading.js';

const DOOR = '/things/:name/status';
let server: Server;
let isOpen = true;
let behind = 0;
const unexpected: unknown[] = [];
const metrics = new Metrics();

beforeAll(async () => {
  server = createServer((asked, response) => {
    behind += 1;
    asked.resume().on('end', () => response.end('behind'));
  });
  const route = { door: DOOR, before: '/things/', parameter: 'name', after: '/status' };
  new HotLane({
    routes: [
      { ...route, method: 'GET', answer: ({ params }) => JSON.stringify(params) },
      {
        ...route,
        method: 'PUT',
        answer: async (asked) => {
          const text = await Promise.resolve(bodyText(asked));
          if (text === 'refuse') refuse('M_FORBIDDEN', 'No');
          if (text === 'throw') throw new Error('a secret');
          return JSON.stringify({ text });
        },
      },
    ],
    isOpen: () => isOpen,
    counts: new RequestCounts(gatewayMeters(metrics).requests),
    onUnexpected: (error) => unexpected.push(error),
  }).attach(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());
beforeEach(() => {
  isOpen = true;
  behind = 0;
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

function ask({ method = 'GET', path = '/things/a/status', headers = {}, body }: Sent): Promise<[number, string]> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve([response.statusCode ?? 0, text]));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

it.each<[string, Sent, string]>([
  ['a plain name', {}, '{"name":"a"}'],
  ['a user id', { path: '/things/@a:b.c/status' }, '{"name":"@a:b.c"}'],
  ['a user id as clients escape it', { path: '/things/%40a%3Ab/status' }, '{"name":"@a:b"}'],
  ['a body', { method: 'PUT', body: 'x' }, '{"text":"x"}'],
])('takes %s', async (_what, sent, text) => {
  expect(await ask(sent)).toEqual([200, text]);
  expect(behind).toBe(0);
});

it.each<[string, Sent]>([
  ['another method', { method: 'DELETE' }],
  ['HEAD', { method: 'HEAD' }],
  ['another path', { path: '/things/a/statuses' }],
  ['a slash at the end', { path: '/things/a/status/' }],
  ['no name', { path: '/things//status' }],
  ['a slash in the name', { path: '/things/a/b/status' }],
  ['a query', { path: '/things/a/status?x=1' }],
  ['a query that ends like the path', { path: '/things/a?x=/status' }],
  ['an escaped percent sign', { path: '/things/a%25/status' }],
  ['an escape that is none', { path: '/things/a%zz/status' }],
  ['bytes of UTF-8', { path: '/things/%C3%A9/status' }],
  ['a long name', { path: `/things/${'a'.repeat(600)}/status` }],
  ['a GET with a body', { headers: { 'content-length': '1' }, body: 'x' }],
  ['a PUT without a body', { method: 'PUT', headers: { 'content-length': '0' } }],
  ['a body in chunks', { method: 'PUT', headers: { 'transfer-encoding': 'chunked' }, body: 'x' }],
  ['a large body', { method: 'PUT', body: 'x'.repeat(20_000) }],
  [
    'whoever asks before it sends',
    { method: 'PUT', headers: { expect: '100-continue', 'content-length': '1' }, body: 'x' },
  ],
])('lets %s go on', async (_what, sent) => {
  const [, text] = await ask(sent);
  expect(behind).toBe(1);
  if (sent.method !== 'HEAD') expect(text).toBe('behind');
});

it('lets everything go on while the doors do not answer yet', async () => {
  isOpen = false;
  expect(await ask({})).toEqual([200, 'behind']);
});

it('words a refusal, and tells nobody but us of what is unexpected', async () => {
  const [status, text] = await ask({ method: 'PUT', body: 'refuse' });
  expect([status, JSON.parse(text)]).toEqual([403, { errcode: 'M_FORBIDDEN', error: 'No' }]);
  expect(unexpected).toEqual([]);
  const [broken, told] = await ask({ method: 'PUT', body: 'throw' });
  expect(broken).toBe(500);
  expect(told).not.toContain('secret');
  expect(unexpected).toHaveLength(1);
});

it('counts by door and status', async () => {
  expect(await metrics.exposition()).toMatch(
    /rollcall_gateway_requests_total\{door="\/things\/:name\/status",status="200"\} [1-9]/,
  );
});
