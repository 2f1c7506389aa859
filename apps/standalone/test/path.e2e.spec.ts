// The thinnest whole path, green from the first day on: PUT → log → fold → frame → /sync, over real HTTP, with two users in
// one room, on the embedded log.

import type { RunningProcess } from '#libs/runtime';
import { startStandalone } from '../src/index.js';
import { Client } from './client.js';
import { endEverything, freshFolder, until } from './program.js';

let running: RunningProcess;

beforeAll(async () => {
  running = await startStandalone({ environment: { DATA_DIR: freshFolder() } });
});

// Processes start slowly where many others do.
jest.setTimeout(120_000);
afterAll(async () => {
  await running.stop();
  await endEverything();
});

describe('a PUT by one user', () => {
  it("reaches another user's /sync as m.presence", async () => {
    const url = String(running.url);
    const alice = Client.user(url, 'alice');
    const bob = Client.user(url, 'bob');
    await Client.admin(url).share('!room:localhost', alice.userId, bob.userId);

    let since = (await bob.sync({ timeout: '0' })).nextBatch;
    expect(await alice.put('online', 'in the room')).toEqual({ status: 200, body: {} });

    const event = await until("alice in bob's sync", async () => {
      const { nextBatch, presence } = await bob.sync({ since, timeout: '1000' });
      since = nextBatch;
      return presence.find(({ sender, content }) => sender === alice.userId && content['status_msg'] === 'in the room');
    });
    expect(event).toMatchObject({ type: 'm.presence', content: { presence: 'online', currently_active: true } });
    expect((await bob.status(alice.userId)).body).toMatchObject({ presence: 'online', status_msg: 'in the room' });
  });

  it('is visible at once to its own GET and to a first /sync', async () => {
    const carol = Client.user(String(running.url), 'carol');
    await carol.put('unavailable', 'away');
    expect((await carol.status()).body).toMatchObject({ presence: 'unavailable', status_msg: 'away' });
    const { presence } = await carol.sync({ timeout: '0', set_presence: 'offline' });
    expect(presence).toEqual([expect.objectContaining({ type: 'm.presence', sender: carol.userId })]);
  });

  it('is not seen by somebody who shares no room', async () => {
    const url = String(running.url);
    await Client.user(url, 'dora').put('online');
    expect((await Client.user(url, 'erik').status('@dora:localhost')).status).toBe(403);
  });
});
