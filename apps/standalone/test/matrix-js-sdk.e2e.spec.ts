// A real Matrix client library as a user would run it: login by token, the sync loop, presence set and got, and a presence
// event at another client (matrix-js-sdk, unpatched).
import {
  ClientEvent,
  SetPresence,
  SyncState,
  UserEvent,
  createClient,
  type MatrixClient,
  type User,
} from 'matrix-js-sdk';
import { Cast } from './cast.js';
import type { MatrixUser } from './matrix-user.js';

jest.setTimeout(60_000);
const cast = new Cast();
const clients: MatrixClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.stopClient();
});

// The library tells the console of every push rule that it misses, and leaves a timer of 80 s behind every poll.
beforeAll(() => {
  const later = globalThis.setTimeout;
  jest.spyOn(globalThis, 'setTimeout').mockImplementation((run, ms, ...words) => later(run, ms, ...words).unref());
  for (const method of ['debug', 'info', 'log', 'warn'] as const)
    jest.spyOn(console, method).mockReturnValue(undefined);
});

function clientOf({ url, userId, token }: MatrixUser): MatrixClient {
  const client = createClient({ baseUrl: url, userId, accessToken: token, deviceId: 'D' });
  clients.push(client);
  return client;
}

function synced(client: MatrixClient): Promise<void> {
  return new Promise((resolve) => {
    client.on(ClientEvent.Sync, (state) => {
      if (state === SyncState.Prepared || state === SyncState.Syncing) resolve();
    });
  });
}

function shown(client: MatrixClient, userId: string, presence: string): Promise<User> {
  return new Promise((resolve) => {
    client.on(UserEvent.Presence, (_event, user) => {
      if (user.userId === userId && user.presence === presence) resolve(user);
    });
  });
}

describe('matrix-js-sdk', () => {
  it('knows who it is by its token, and logs in with it', async () => {
    const user = cast.user('alice');
    expect(await clientOf(user).whoami()).toMatchObject({ user_id: user.userId, device_id: 'D' });
    const login = await clientOf(user).loginRequest({ type: 'm.login.token', token: user.token });
    expect(login).toEqual({ user_id: user.userId, access_token: user.token, device_id: 'D' });
  });

  it('syncs, sets presence, and another client is told', async () => {
    const [alice, bob] = [cast.user('alice'), cast.user('bob')];
    await cast.admin.join(cast.room(), alice, bob);
    const [phone, desk] = [clientOf(alice), clientOf(bob)];
    const ready = synced(desk);
    await desk.startClient({ pollTimeout: 5_000 });
    await ready;
    const told = shown(desk, alice.userId, 'unavailable');
    await phone.setPresence({ presence: 'unavailable', status_msg: 'at lunch' });
    expect(await told).toMatchObject({ presence: 'unavailable', presenceStatusMsg: 'at lunch' });
    expect(await desk.getPresence(alice.userId)).toMatchObject({ presence: 'unavailable', status_msg: 'at lunch' });
    expect(await phone.getPresence(bob.userId)).toMatchObject({ presence: 'online', currently_active: true });
  });

  it('is seen online by its sync loop alone, and hidden when the loop says offline', async () => {
    const [alice, bob] = [cast.user('alice'), cast.user('bob')];
    await cast.admin.join(cast.room(), alice, bob);
    await bob.first({ set_presence: 'offline' });
    const phone = clientOf(alice);
    await phone.startClient({ pollTimeout: 1_000 });
    await bob.event(alice, { presence: 'online' });
    await phone.setSyncPresence(SetPresence.Offline);
    await bob.event(alice, { presence: 'offline' });
  });
});
