// Sessions through the whole engine: who polls is online and costs nothing, who disappears is offline at exactly the end of the
// grace, and a restart within it shows nobody offline (semantics.md section 5, design.md section 8).
import type { RunningProcess } from '#libs/runtime';
import { startStandalone } from '../src/index.js';
import { MatrixUser } from './matrix-user.js';
import { endEverything, freshFolder, until } from './program.js';

jest.setTimeout(120_000);
const GRACE_MS = 2_000;
/** For which a busy machine may keep the gateway, or this test, waiting. */
const LATE_MS = 1_000;
let running: RunningProcess;
beforeAll(async () => {
  running = await startStandalone({ environment: { DATA_DIR: freshFolder(), OFFLINE_AFTER_MS: String(GRACE_MS) } });
});
afterAll(async () => {
  await running.stop();
  await endEverything();
});

interface Written {
  readonly user_id: string;
  readonly type: string;
  readonly presence?: string;
  readonly at_ts?: number;
  readonly ago_ms?: number;
  readonly cause?: unknown;
}

async function recordsOf(topic: string, userId: string): Promise<Written[]> {
  const { log } = running;
  const found: Written[] = [];
  for (const [partition, end] of (await log.ends(topic)).entries()) {
    for await (const { records } of log.read(topic, partition, 0, end)) {
      for (const { value } of records)
        if (value !== null) found.push(JSON.parse(Buffer.from(value).toString()) as Written);
    }
  }
  return found.filter(({ user_id }) => user_id === userId);
}

const user = (name: string): MatrixUser => new MatrixUser(String(running.url), `@${name}:hs`);
const changesOf = ({ userId }: MatrixUser): Promise<Written[]> => recordsOf('presence.changes', userId);
const inputsOf = ({ userId }: MatrixUser): Promise<Written[]> => recordsOf('presence.activity', userId);
const offlineOf = (gone: MatrixUser): Promise<Written> =>
  until(`${gone.userId} to be offline`, async () =>
    (await changesOf(gone)).find(({ presence }) => presence === 'offline'),
  );

it('who disappears is offline at the end of the last poll plus the grace', async () => {
  const gone = user('gone');
  const before = Date.now();
  await gone.first();
  const after = Date.now();
  const change = await offlineOf(gone);
  expect(change.cause).toEqual({ timer: 'grace' });
  expect(change.at_ts).toBeGreaterThanOrEqual(before + GRACE_MS);
  // Between the answer and its end the gateway may be kept waiting, not the client.
  expect(change.at_ts).toBeLessThanOrEqual(after + GRACE_MS + LATE_MS);
  expect((await inputsOf(gone)).map(({ type }) => type)).toEqual(['device.connected', 'device.disconnected']);
});

it('who polls steadily, for many graces, costs one record and one change', async () => {
  const steady = user('steady');
  await steady.first();
  for (const end = Date.now() + 3 * GRACE_MS; Date.now() < end;) await steady.sync({ timeout: '300' });
  expect((await inputsOf(steady)).map(({ type }) => type)).toEqual(['device.connected']);
  expect(await changesOf(steady)).toHaveLength(1);
});

it('who is in a long poll is online for as long as it lasts, and its end counts', async () => {
  const waiting = user('waiting');
  await waiting.first();
  expect(await waiting.sync({ timeout: String(2 * GRACE_MS) })).toEqual([]);
  const ended = Date.now();
  expect(await changesOf(waiting)).toHaveLength(1);
  const change = await offlineOf(waiting);
  expect(change.at_ts).toBeGreaterThanOrEqual(ended + GRACE_MS - LATE_MS);
});

it('who hangs up in the middle of a long poll is offline a grace later', async () => {
  const hanging = user('hanging');
  await hanging.first();
  const leaving = new AbortController();
  const poll = fetch(`${hanging.url}/_matrix/client/v3/sync?timeout=60000&since=${hanging.since}`, {
    headers: { authorization: `Bearer ${hanging.token}` },
    signal: leaving.signal,
  });
  await until('the poll to wait', async () => {
    const metrics = await (await fetch(`${hanging.url}/metrics`)).text();
    return metrics.includes('rollcall_gateway_waiting 1') ? true : undefined;
  });
  leaving.abort();
  const left = Date.now();
  await expect(poll).rejects.toThrow();
  const { at_ts: atMs = 0 } = await offlineOf(hanging);
  expect(atMs).toBeLessThan(left + GRACE_MS + LATE_MS);
});

it('a stream that claims is a session, as long as it is open', async () => {
  const streaming = user('streaming');
  const leaving = new AbortController();
  const stream = await fetch(`${streaming.url}/_rollcall/v1/stream?set_presence=unavailable`, {
    headers: { authorization: `Bearer ${streaming.token}` },
    signal: leaving.signal,
  });
  expect(stream.status).toBe(200);
  await until('unavailable', async () =>
    (await streaming.get()).body['presence'] === 'unavailable' ? true : undefined,
  );
  leaving.abort();
  await offlineOf(streaming);
});

it('a proper restart within the grace shows nobody offline', async () => {
  await running.stop();
  const environment = { DATA_DIR: freshFolder(), OFFLINE_AFTER_MS: '60000' };
  running = await startStandalone({ environment });
  await user('kept').first();
  await running.stop();
  running = await startStandalone({ environment });
  const back = user('kept');
  await back.first();
  const inputs = await inputsOf(back);
  expect(inputs.map(({ type }) => type)).toEqual(['device.connected', 'device.disconnected', 'device.connected']);
  expect(inputs[1]?.ago_ms ?? 0).toBe(0);
  expect(await changesOf(back)).toHaveLength(1);
});
