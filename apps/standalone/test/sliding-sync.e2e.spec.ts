// Simplified sliding sync in front of a homeserver: its own answers, our session, and presence as an extension where that is on.
import type { RunningProcess } from '#libs/runtime';
import { startStandalone } from '../src/index.js';
import { Client } from './client.js';
import { FakeHomeserver } from './fake-homeserver.js';
import { endEverything, freshFolder, until } from './program.js';

jest.setTimeout(120_000);
const PATH = '/_matrix/client/unstable/org.matrix.simplified_msc3575/sync';
const WITH_PRESENCE = { lists: {}, extensions: { presence: { enabled: true } } };

interface Slid {
  readonly pos: string;
  readonly messages: readonly string[];
  readonly asked: object;
  readonly extensions: {
    readonly e2ee?: object;
    readonly presence?: { readonly events: readonly { sender: string; content: { presence: string } }[] };
  };
}

describe.each(['false', 'true'])('sliding sync with SLIDING_SYNC_PRESENCE=%s', (told) => {
  let running: RunningProcess;
  let homeserver: FakeHomeserver;
  let url: string;

  beforeAll(async () => {
    homeserver = await FakeHomeserver.start();
    const environment = {
      DATA_DIR: freshFolder(),
      HOMESERVER_URL: homeserver.url,
      ADMIN_TOKEN: 'admin',
      OFFLINE_AFTER_MS: '2000',
      SLIDING_SYNC_PRESENCE: told,
    };
    running = await startStandalone({ environment });
    url = String(running.url);
  });

  afterAll(async () => {
    await running.stop();
    await homeserver.stop();
    await endEverything();
  });

  const user = (name: string): Client => new Client(url, `TOKEN-${name}-D`, `@${name}:localhost`);

  async function slide(of: Client, query: Record<string, string>, body: object): Promise<Slid> {
    const answer = await of.ask('POST', `${PATH}?${new URLSearchParams(query).toString()}`, body);
    expect(answer.status).toBe(200);
    return answer.body as unknown as Slid;
  }

  it('is the homeserver’s answer, and its claim is our session’s', async () => {
    const [alice, bob] = [user('alice'), user('bob')];
    await new Client(url, 'admin').share('!ab:localhost', alice.userId, bob.userId);
    homeserver.say('one');
    const slid = await slide(alice, { timeout: '0', set_presence: 'unavailable' }, { lists: { a: 1 } });
    expect(slid).toEqual({ pos: 'p1', messages: ['one'], asked: { lists: { a: 1 } }, extensions: { e2ee: {} } });
    expect(homeserver.reached.at(-1)?.query.get('set_presence')).toBe('offline');
    await until('alice to be shown unavailable', async () =>
      (await bob.status(alice.userId)).body['presence'] === 'unavailable' ? true : undefined,
    );
  });

  it('ends the session with a refused token', async () => {
    const [carol, bob] = [user('carol'), user('bob')];
    await new Client(url, 'admin').share('!cb:localhost', carol.userId, bob.userId);
    await slide(carol, { timeout: '0' }, {});
    homeserver.refusedTokens.add('TOKEN-carol-D');
    expect((await carol.ask('POST', `${PATH}?timeout=0`, WITH_PRESENCE)).status).toBe(401);
    await until('her to be shown offline', async () =>
      (await bob.status(carol.userId)).body['presence'] === 'offline' ? true : undefined,
    );
  });

  if (told === 'true') {
    it('brings presence as an extension while the homeserver has nothing, and no message twice', async () => {
      const [dora, erik] = [user('dora'), user('erik')];
      await new Client(url, 'admin').share('!de:localhost', dora.userId, erik.userId);
      let at = await slide(erik, { timeout: '0' }, WITH_PRESENCE);
      const messages = [...at.messages];
      for (const presence of ['online', 'busy', 'unavailable'] as const) {
        await dora.put(presence);
        await until(`dora to be shown ${presence}`, async () => {
          at = await slide(erik, { pos: at.pos, timeout: '20000' }, WITH_PRESENCE);
          messages.push(...at.messages);
          expect(at.extensions.e2ee).toEqual({});
          const shown = at.extensions.presence?.events.findLast(({ sender }) => sender === dora.userId);
          return shown?.content.presence.endsWith(presence) === true ? true : undefined;
        });
      }
      homeserver.say('the last');
      at = await slide(erik, { pos: at.pos, timeout: '20000' }, WITH_PRESENCE);
      expect([...messages, ...at.messages]).toEqual(['one', 'the last']);
      expect(at.asked).toEqual(WITH_PRESENCE);
    });
  } else {
    it('says nothing of presence, whoever asks', async () => {
      const slid = await slide(user('frida'), { timeout: '0' }, WITH_PRESENCE);
      expect(slid.extensions).toEqual({ e2ee: {} });
      expect(slid.pos).toMatch(/^p\d+$/);
    });
  }
});
