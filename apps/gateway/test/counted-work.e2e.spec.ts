// What a change costs per watcher, counted instead of timed: serialisations, writes to sockets, abort controllers.
import { encodeFrame, encodeState, frameHeaders } from '#libs/contracts';
import type { NewRecord } from '#libs/event-log';
import { request, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { ServedGateway, until } from './served-gateway.js';

jest.setTimeout(120_000);
const WATCHERS = 20;
const WATCHER_IDS = Array.from({ length: WATCHERS }, (_, index) => `@watcher-${String(index)}:localhost`);
const PARTITIONS = 2;

let gateway: ServedGateway;
let version = 0;
beforeAll(async () => {
  gateway = await ServedGateway.start();
});
afterAll(() => gateway.stop());
afterEach(() => {
  jest.restoreAllMocks();
});

/** Changes of so many senders, each told to every watcher, in one append. */
async function tell(senders: number): Promise<void> {
  const { log } = gateway.running;
  version += 1;
  const records: NewRecord[] = [];
  for (let sender = 0; sender < senders; sender += 1) {
    const userId = `@sender-${String(sender)}:localhost`;
    const view = { presence: 'online', currentlyActive: true, lastActiveAtMs: Date.now() } as const;
    const stamp = { userId, life: 0, version, changedAtMs: Date.now(), view };
    await log.append('presence.states', [{ key: userId, value: encodeState(stamp) }]);
    for (let partition = 0; partition < PARTITIONS; partition += 1) {
      const to = WATCHER_IDS.filter((watcher) => log.partitionOf(watcher, PARTITIONS) === partition);
      const value = encodeFrame({ entries: [{ kind: 'shown', ...stamp, to }] });
      records.push({ key: null, value, headers: frameHeaders({ memberships: [], rooms: [], changes: [] }), partition });
    }
  }
  await log.append('presence.deliveries', records);
}

/** Serialisations of presence events since it was called. */
function countSerialisations(): () => number {
  const stringify = jest.spyOn(JSON, 'stringify');
  return () => stringify.mock.calls.filter(([value]) => (value as { type?: string } | undefined)?.type === 'm.presence').length;
}

class Watching {
  events = 0;

  private constructor(private readonly response: IncomingMessage) {
    response.setEncoding('utf8').on('data', (text: string) => {
      this.events += text.split('event: presence').length - 1;
    });
    response.on('error', () => undefined);
  }

  static open(userId: string): Promise<Watching> {
    const { hostname, port } = gateway.url;
    return new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer dev|${userId}|D` };
      const sent = request({ host: hostname, port, path: '/_rollcall/v1/stream', headers, agent: false });
      sent.once('response', (response) => {
        resolve(new Watching(response));
      });
      sent.once('error', reject);
      sent.end();
    });
  }

  close(): void {
    this.response.destroy();
  }
}

describe('watchers by event stream', () => {
  let watching: Watching[];
  beforeAll(async () => {
    watching = await Promise.all(WATCHER_IDS.map((userId) => Watching.open(userId)));
    await tell(1);
    await until('all to follow', () => (watching.every(({ events }) => events > 0) ? true : undefined));
  });
  afterAll(() => {
    for (const stream of watching) stream.close();
  });

  /** Writes to sockets until every watcher has seen so many events more. */
  async function writesFor(senders: number): Promise<number> {
    const before = watching.map(({ events }) => events);
    const writes = [jest.spyOn(Socket.prototype, '_write'), jest.spyOn(Socket.prototype, '_writev' as '_write')];
    await tell(senders);
    await until('the events', () => (watching.every(({ events }, index) => events >= (before[index] ?? 0) + senders) ? true : undefined));
    return writes.reduce((sum, { mock }) => sum + mock.calls.length, 0);
  }

  it('share one serialisation of a change, and are written to once each', async () => {
    const serialisations = countSerialisations();
    expect(await writesFor(1)).toBe(WATCHERS);
    expect(serialisations()).toBeLessThan(WATCHERS / 2);
  });

  it('are written to once for all that a wake-up finds', async () => {
    expect(await writesFor(40)).toBeLessThanOrEqual(2 * WATCHERS);
  });
});

describe('watchers by long poll', () => {
  const SYNC = '/_matrix/client/v3/sync?set_presence=offline';
  const ask = async (userId: string, query: string) => (await gateway.ask('GET', SYNC + query, { token: `dev|${userId}|D` })).body as { next_batch: string; presence: { events: unknown[] } };

  it('share one serialisation of a change, and need no abort controllers', async () => {
    const tokens = await Promise.all(WATCHER_IDS.map(async (userId) => (await ask(userId, '')).next_batch));
    const { AbortController: Plain } = globalThis;
    let made = 0;
    globalThis.AbortController = class extends Plain {
      constructor() {
        super();
        made += 1;
      }
    };
    const serialisations = countSerialisations();
    const polls = WATCHER_IDS.map((userId, index) => ask(userId, `&timeout=30000&since=${String(tokens[index])}`));
    await until('all to wait', async () => ((await gateway.ask('GET', '/metrics')).text.includes(`rollcall_gateway_waiting ${String(WATCHERS)}\n`) ? true : undefined));
    await tell(1);
    for (const { presence } of await Promise.all(polls)) expect(presence.events).toHaveLength(1);
    expect(serialisations()).toBeLessThan(WATCHERS / 2);
    globalThis.AbortController = Plain;
    expect(made).toBe(0);
  });
});
