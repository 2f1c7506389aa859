// The cases of http.md that come from Complement, and its rule for polls that have nothing to tell.
import { type Cast, onEveryLog } from './cast.js';
import { sendersOf, type MatrixUser } from './matrix-user.js';

jest.setTimeout(60_000);

function cases(cast: Cast): void {
  /** Two who share a room; bob has taken a token. */
  async function aliceAndBob(): Promise<{ alice: MatrixUser; bob: MatrixUser }> {
    const [alice, bob] = [cast.user('alice'), cast.user('bob')];
    await cast.admin.join(cast.room(), alice, bob);
    await bob.first({ set_presence: 'offline' });
    return { alice, bob };
  }

  describe('status', () => {
    it('CO-01 alice gets her own status before there is any', async () => {
      const { status, body } = await cast.user('alice').get();
      expect(status).toBe(200);
      expect(body).toHaveProperty('presence');
    });

    it('CO-02 an immediate GET after a PUT has it', async () => {
      const alice = cast.user('alice');
      expect((await alice.put('online', 'Testing something')).status).toBe(200);
      expect((await alice.get()).body).toMatchObject({ presence: 'online', status_msg: 'Testing something' });
    });
  });

  describe('updates by token', () => {
    it('CO-03 a sync with set_presence=unavailable', async () => {
      const { alice, bob } = await aliceAndBob();
      await alice.sync({ set_presence: 'unavailable' });
      await bob.event(alice, { presence: 'unavailable' });
    });

    it('CO-04 a PUT with a message', async () => {
      const { alice, bob } = await aliceAndBob();
      await alice.put('online', 'Update for room members');
      await bob.event(alice, { presence: 'online', status_msg: 'Update for room members' });
    });

    it('CO-05 a PUT of unavailable', async () => {
      const { alice, bob } = await aliceAndBob();
      await alice.put('unavailable');
      await bob.event(alice, { presence: 'unavailable' });
    });
  });

  describe('joining', () => {
    it('CO-08 an initial sync holds presence of who is in the room', async () => {
      const [alice, bob] = [cast.user('alice'), await cast.online('bob', 'elsewhere')];
      await cast.admin.join(cast.room(), alice, bob);
      expect(sendersOf(await alice.first())).toContain(bob.userId);
    });

    it('CO-09 from an old token alice sees presence of bob who joins', async () => {
      const [alice, bob] = [cast.user('alice'), await cast.online('bob')];
      const room = cast.room();
      await cast.admin.join(room, alice);
      await alice.first();
      await cast.admin.join(room, bob);
      await alice.event(bob);
    });

    it('CO-10 who joins sees exactly one event of the member, and one more sync has none', async () => {
      const [alice, bob] = [await cast.online('alice'), cast.user('bob')];
      const room = cast.room();
      await cast.admin.join(room, alice);
      await bob.first();
      await cast.admin.join(room, bob);
      const events = await bob.until('alice', (seen) => seen.length > 0, { set_presence: 'online' });
      expect(events).toEqual([expect.objectContaining({ sender: alice.userId })]);
      expect(await bob.quiet({ set_presence: 'online' })).toEqual([]);
    });

    it('CO-11 the member sees exactly one event of who joins, and one more sync has none', async () => {
      const [alice, bob] = [cast.user('alice'), await cast.online('bob')];
      const room = cast.room();
      await cast.admin.join(room, alice);
      await cast.admin.active(alice);
      await alice.first();
      await cast.admin.join(room, bob);
      const events = await alice.until('bob', (seen) => seen.length > 0, { set_presence: 'online' });
      expect(events).toEqual([expect.objectContaining({ sender: bob.userId })]);
      expect(await alice.quiet({ set_presence: 'online' })).toEqual([]);
    });

    it('CO-12 alice, in a room with bob and in another with charlie, sees both', async () => {
      const [alice, bob, charlie] = [cast.user('alice'), cast.user('bob'), cast.user('charlie', 'elsewhere')];
      for (const other of [bob, charlie]) {
        const room = cast.room();
        await cast.admin.join(room, alice);
        await cast.admin.member(room, 'invite', other);
        await cast.admin.join(room, other);
      }
      await alice.first();
      for (const other of [bob, charlie]) await other.put('online');
      const online = (userId: string) => (event: { sender: string; content: Readonly<Record<string, unknown>> }) =>
        event.sender === userId && event.content['presence'] === 'online';
      await alice.until('both online', (seen) => [bob, charlie].every(({ userId }) => seen.some(online(userId))));
    });
  });

  describe('a poll whose token is up to date', () => {
    it('waits for its timeout, returns no presence, and never returns at once', async () => {
      const { alice, bob } = await aliceAndBob();
      await alice.put('online');
      await bob.event(alice, { presence: 'online' });
      const started = performance.now();
      expect(await bob.watch({ timeout: '700' })).toEqual([]);
      expect(performance.now() - started).toBeGreaterThanOrEqual(690);
    });

    it('is answered as soon as there is something to tell', async () => {
      const { alice, bob } = await aliceAndBob();
      const polling = bob.watch({ timeout: '20000' });
      await alice.put('online');
      expect(sendersOf(await polling)).toEqual([alice.userId]);
    });

    it('is told of a snapshot only once, though its delivery was still on the way', async () => {
      const [alice, bob] = [cast.user('alice'), cast.user('bob')];
      await cast.admin.join(cast.room(), alice, bob);
      for (const presence of ['online', 'unavailable', 'online', 'unavailable']) {
        await alice.put(presence);
        expect(sendersOf(await bob.first({ set_presence: 'offline' }))).toEqual([alice.userId]);
        expect(await bob.quiet()).toEqual([]);
      }
    });
  });
}

onEveryLog(cases);
