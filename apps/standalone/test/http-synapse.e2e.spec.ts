// The cases of http.md that come from Synapse's own tests, and the filters of presence.
import { type Cast, onEveryLog } from './cast.js';
import { sendersOf, type MatrixUser } from './matrix-user.js';

jest.setTimeout(60_000);

function cases(cast: Cast): void {
  async function watching(user: MatrixUser): Promise<MatrixUser> {
    await user.first({ set_presence: 'offline' });
    return user;
  }

  describe('a PUT', () => {
    it('SY-R1 is 200 and exactly one command', async () => {
      const user = cast.user('user');
      expect((await user.put('online', 'hello')).status).toBe(200);
      expect(await cast.recordsOf('commands', user.userId)).toEqual([
        { type: 'presence.set', v: 1, user_id: user.userId, device_id: 'D', presence: 'online', status_msg: 'hello' },
      ]);
    });
  });

  describe('who is told', () => {
    it('SY-N1 a user sees who shares a room and itself, and nobody else', async () => {
      const [one, two, three] = [cast.user('one'), cast.user('two'), cast.user('three')];
      await cast.admin.join(cast.room(), one, two);
      await cast.admin.join(cast.room(), three);
      await watching(two);
      for (const user of [three, one, two]) await user.put('online');
      const seen = await two.until('one and itself', (events) =>
        [one, two].every(({ userId }) => sendersOf(events).includes(userId)),
      );
      expect(sendersOf([...seen, ...(await two.quiet())])).toEqual([one.userId, two.userId].sort());
      expect((await two.get(three.userId)).status).toBe(403);
    });

    it('SY-N2 an excluded room tells nothing; a normal one beside it tells', async () => {
      const [one, two] = [cast.user('one'), cast.user('two')];
      const [excluded, normal] = [cast.room('excluded'), cast.room('normal')];
      await cast.admin.policy(excluded, 'withhold');
      await cast.admin.join(excluded, one, two);
      await watching(two);
      await one.put('online');
      expect(await two.quiet()).toEqual([]);
      expect((await two.get(one.userId)).status).toBe(403);
      await cast.admin.join(normal, one, two);
      await one.put('unavailable');
      await two.event(one, { presence: 'unavailable' });
    });

    it('SY-E1 with rooms excluded one by one, only the others are told, and always the user itself', async () => {
      const [one, x, s] = [cast.user('one'), cast.user('x'), cast.user('s')];
      const [roomX, roomS] = [cast.room('x'), cast.room('s')];
      await cast.admin.join(roomX, one, x);
      await cast.admin.join(roomS, one, s);
      for (const user of [one, x, s]) await watching(user);
      await one.put('online', 'to both');
      for (const user of [one, x, s]) await user.event(one, { status_msg: 'to both' });
      await cast.admin.policy(roomX, 'withhold');
      await one.put('online', 'to s');
      for (const user of [one, s]) await user.event(one, { status_msg: 'to s' });
      expect(await x.quiet()).toEqual([]);
      await cast.admin.policy(roomS, 'withhold');
      await one.put('online', 'to nobody');
      await one.event(one, { status_msg: 'to nobody' });
      for (const user of [x, s]) expect(await user.quiet()).toEqual([]);
    });

    it('SY-E3 excluding the only shared room hides, a second one shows again', async () => {
      const [one, two] = [cast.user('one'), cast.user('two')];
      const shared = cast.room('shared');
      await cast.admin.join(shared, one, two);
      await one.put('online', 'here');
      expect((await two.get(one.userId)).body).toMatchObject({ status_msg: 'here' });
      expect(sendersOf(await two.first({ set_presence: 'offline' }))).toEqual([one.userId]);
      await cast.admin.policy(shared, 'withhold');
      expect((await two.get(one.userId)).status).toBe(403);
      expect(await two.first({ set_presence: 'offline' })).toEqual([]);
      await cast.admin.join(cast.room('second'), one, two);
      expect((await two.get(one.userId)).status).toBe(200);
      await two.event(one, { status_msg: 'here' });
    });
  });

  describe('SY-X filters', () => {
    async function party(): Promise<{ watcher: MatrixUser; a: MatrixUser; b: MatrixUser }> {
      const [watcher, a, b] = [cast.user('watcher'), cast.user('a'), cast.user('b')];
      await cast.admin.join(cast.room(), watcher, a, b);
      for (const user of [a, b]) await user.put('online');
      return { watcher, a, b };
    }
    const first = async (watcher: MatrixUser, presence: object): Promise<string[]> =>
      sendersOf(await watcher.first({ set_presence: 'offline', filter: JSON.stringify({ presence }) }));

    it('honours senders and not_senders, and not_senders wins', async () => {
      const { watcher, a, b } = await party();
      expect(await first(watcher, { senders: [a.userId] })).toEqual([a.userId]);
      expect(await first(watcher, { not_senders: [a.userId] })).toEqual([b.userId]);
      expect(await first(watcher, { senders: [a.userId, b.userId], not_senders: [a.userId] })).toEqual([b.userId]);
    });

    it('honours types and not_types with wildcards, and ignores what it does not know', async () => {
      const { watcher, a, b } = await party();
      const both = [a.userId, b.userId].sort();
      expect(await first(watcher, { types: ['m.*'], shoe_size: 43 })).toEqual(both);
      expect(await first(watcher, { types: ['m.room.*'] })).toEqual([]);
      expect(await first(watcher, { types: ['m.presence'], not_types: ['*'] })).toEqual([]);
    });

    it('honours limit, in a first poll and in the next, and loses nothing by it in the next', async () => {
      const { watcher, a, b } = await party();
      expect(await first(watcher, { limit: 1 })).toHaveLength(1);
      await first(watcher, {});
      for (const user of [a, b]) await user.put('unavailable');
      const filter = JSON.stringify({ presence: { limit: 1 } });
      const seen = [];
      while (seen.length < 2) {
        const events = await watcher.watch({ timeout: '5000', filter });
        expect(events.length).toBeLessThanOrEqual(1);
        seen.push(...events);
      }
      expect(sendersOf(seen)).toEqual([a.userId, b.userId].sort());
      expect(await watcher.quiet({ filter })).toEqual([]);
    });

    it('waits, and does not return at once, when everything new is filtered out', async () => {
      const { watcher, a, b } = await party();
      const filter = JSON.stringify({ presence: { senders: [b.userId] } });
      await first(watcher, { senders: [b.userId] });
      const polling = watcher.watch({ timeout: '20000', filter });
      await a.put('unavailable');
      await b.put('unavailable');
      expect(sendersOf(await polling)).toEqual([b.userId]);
    });

    it('takes filters that were uploaded, by their id, also after another user asks for it in vain', async () => {
      const { watcher, a } = await party();
      const path = `/_matrix/client/v3/user/${encodeURIComponent(watcher.userId)}/filter`;
      const definition = { presence: { senders: [a.userId] }, room: { timeline: { limit: 7 } } };
      const { body } = await watcher.ask('POST', path, definition);
      const filter = String(body['filter_id']);
      expect((await a.ask('GET', `${path}/${filter}`)).status).toBe(403);
      expect((await watcher.ask('GET', `${path}/${filter}`)).body).toEqual(definition);
      expect(sendersOf(await watcher.first({ set_presence: 'offline', filter }))).toEqual([a.userId]);
    });

    it.each([[{ senders: ['no user id'] }], [{ not_senders: ['@only-a-sigil'] }], [['a list']], ['text']])(
      'refuses presence %j',
      async (presence) => {
        const user = cast.user('user');
        const path = `/_matrix/client/v3/user/${encodeURIComponent(user.userId)}/filter`;
        expect((await user.ask('POST', path, { presence })).status).toBe(400);
        expect(
          (await user.ask('GET', `/_matrix/client/v3/sync?filter=${encodeURIComponent(JSON.stringify({ presence }))}`))
            .status,
        ).toBe(400);
      },
    );
  });
}

onEveryLog(cases);
