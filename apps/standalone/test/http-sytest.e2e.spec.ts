// The cases of http.md that come from SyTest, each as the sentence that it checks. Two servers are two domains of one engine.
import { type Cast, onEveryLog } from './cast.js';
import { except, sendersOf, type MatrixUser, type PresenceEvent } from './matrix-user.js';

jest.setTimeout(60_000);

function cases(cast: Cast): void {
  const LINE = 'A status set by 21presence-events.pl';

  function expectKeys(event: PresenceEvent): void {
    expect(event).toEqual(
      expect.objectContaining({
        type: 'm.presence',
        content: expect.any(Object) as unknown,
        sender: expect.any(String) as unknown,
      }),
    );
    expect(Object.keys(event.content)).toEqual(expect.arrayContaining(['presence', 'last_active_ago']));
  }

  async function threeInARoom(): Promise<{ sender: MatrixUser; local: MatrixUser; remote: MatrixUser }> {
    const [sender, local, remote] = [cast.user('sender'), cast.user('local'), cast.user('remote', 'elsewhere')];
    await cast.admin.join(cast.room(), sender, local, remote);
    for (const user of [sender, local, remote]) await user.first({ set_presence: 'offline' });
    return { sender, local, remote };
  }

  describe('status', () => {
    it('ST-01 a fresh user has a status, and last_active_ago is not required of it', async () => {
      const { status, body } = await cast.user('fresh').get();
      expect(status).toBe(200);
      expect(body).toHaveProperty('presence');
    });

    it('ST-02 what was PUT is what a GET tells', async () => {
      const user = cast.user('user');
      expect((await user.put('online', 'Testing something')).status).toBe(200);
      expect((await user.get()).body).toMatchObject({ status_msg: 'Testing something' });
    });
  });

  describe('own presence in /sync', () => {
    it('ST-04 my own update is echoed, without a room', async () => {
      const user = cast.user('user');
      await user.first({ set_presence: 'offline' });
      await user.put('online', LINE);
      expect((await user.event(user, { status_msg: LINE })).content['status_msg']).toBe(LINE);
    });

    it('ST-06 a sync without set_presence puts me online', async () => {
      const user = cast.user('user');
      const filter = JSON.stringify({ presence: { types: ['m.presence'] }, account_data: { types: [] } });
      expect((await user.first({ filter }))[0]).toBeDefined();
      const events = await user.first();
      expect(events).toContainEqual(
        expect.objectContaining({
          sender: user.userId,
          content: expect.objectContaining({ presence: 'online' }) as unknown,
        }),
      );
    });

    it('ST-07 a first-ever sync with set_presence=offline does not put me online', async () => {
      const user = cast.user('user');
      const events = await user.first({ set_presence: 'offline' });
      expect(
        events.filter(({ sender, content }) => sender === user.userId && content['presence'] !== 'offline'),
      ).toEqual([]);
      expect((await user.get()).body).toMatchObject({ presence: 'offline' });
    });

    it('DE-4 the first poll ever returns exactly one presence event: my own, online', async () => {
      const user = cast.user('user');
      const events = await user.first({ set_presence: 'online' });
      expect(events).toEqual([
        expect.objectContaining({
          type: 'm.presence',
          sender: user.userId,
          content: expect.objectContaining({ presence: 'online' }) as unknown,
        }),
      ]);
      expect(await user.quiet({ set_presence: 'online' })).toEqual([]);
    });
  });

  describe('presence of others in /sync', () => {
    it('ST-08 a sync puts a user online for whom shares a room', async () => {
      const [a, b] = [cast.user('a'), cast.user('b')];
      await cast.admin.join(cast.room(), a, b);
      await a.first();
      await a.sync();
      await b.first();
      await a.event(b, { presence: 'online' });
    });

    it('ST-09 ST-10 an update reaches the sender, a local and a remote member', async () => {
      const { sender, local, remote } = await threeInARoom();
      await sender.put('online', 'Update for room members');
      for (const user of [sender, local, remote]) expectKeys(await user.event(sender));
    });

    it('ST-11 ST-12 unavailable reaches the sender, a local and a remote member', async () => {
      const { sender, local, remote } = await threeInARoom();
      await sender.put('unavailable');
      for (const user of [sender, local, remote])
        expect((await user.event(sender, { presence: 'unavailable' })).content['presence']).toBe('unavailable');
    });

    it('ST-14 a sync with set_presence=unavailable shows unavailable', async () => {
      const { sender, local } = await threeInARoom();
      await sender.sync({ set_presence: 'unavailable' });
      const event = await local.event(sender);
      expectKeys(event);
      expect(event.content['presence']).toBe('unavailable');
    });
  });

  describe('joining', () => {
    it('ST-15 after an invitation and a join each of the two has received both', async () => {
      const [alice, bob] = [cast.user('alice'), cast.user('bob', 'elsewhere')];
      const room = cast.room('private');
      const seen = new Map<MatrixUser, PresenceEvent[]>();
      for (const user of [alice, bob]) seen.set(user, await user.first());
      await cast.admin.join(room, alice);
      await cast.admin.member(room, 'invite', bob);
      await cast.admin.join(room, bob);
      for (const [user, before] of seen) {
        const both = (events: readonly PresenceEvent[]): boolean => sendersOf([...before, ...events]).length === 2;
        await user.until('two distinct senders', both, { set_presence: 'online' });
      }
    });

    it('ST-17 the creator gets an event for who joins', async () => {
      const [creator, joiner] = [await cast.online('creator'), cast.user('joiner', 'elsewhere')];
      await joiner.put('online', 'Online');
      const room = cast.room();
      await cast.admin.join(room, creator);
      await cast.admin.join(room, joiner);
      expectKeys(await creator.event(joiner));
    });

    it('ST-20 a PUT of a remote user reaches the creator', async () => {
      const [creator, remote] = [await cast.online('creator'), cast.user('remote', 'elsewhere')];
      await cast.admin.join(cast.room(), creator, remote);
      await remote.put('online');
      expectKeys(await creator.event(remote, { presence: 'online' }));
    });

    it('ST-21 who joins gets exactly one event of the member, and then none', async () => {
      const [a, b] = [await cast.online('a'), cast.user('b')];
      const room = cast.room();
      await cast.admin.join(room, a);
      await b.first();
      await cast.admin.join(room, b);
      const events = await b.until('a', (seen) => except(seen, b).length > 0);
      expect(except(events, b)).toEqual([expect.objectContaining({ type: 'm.presence', sender: a.userId })]);
      expect(await b.quiet()).toEqual([]);
    });

    it('ST-22 a member gets exactly one event of who joins, and then none', async () => {
      const [a, b] = [cast.user('a'), await cast.online('b')];
      const room = cast.room();
      await cast.admin.join(room, a);
      await a.first();
      await cast.admin.active(a);
      await a.sync();
      await cast.admin.join(room, b);
      const events = await a.until('b', (seen) => except(seen, a).length > 0);
      expect(except(events, a)).toEqual([expect.objectContaining({ type: 'm.presence', sender: b.userId })]);
      expect(except(await a.quiet(), a)).toEqual([]);
    });
  });

  describe('filters', () => {
    it('ST-26 a filter whose presence is no object is refused', async () => {
      const user = cast.user('user');
      const { status } = await user.ask('POST', `/_matrix/client/v3/user/${user.userId}/filter`, {
        presence: 'not_an_object',
      });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    });
  });

  describe('the measures themselves', () => {
    it('fail when an event is there that should not be', async () => {
      const [a, b] = [cast.user('a'), cast.user('b')];
      await cast.admin.join(cast.room(), a, b);
      await b.first({ set_presence: 'offline' });
      await a.put('online');
      // The same waits as in the cases above: an event on its way is found by them.
      expect(await b.quiet({ timeout: '10000' })).not.toEqual([]);
    });

    it('fail when an event never comes', async () => {
      const [a, b] = [cast.user('a'), cast.user('b')];
      await b.first({ set_presence: 'offline' });
      await a.put('online');
      expect(await b.quiet()).toEqual([]);
    });
  });
}

onEveryLog(cases);
