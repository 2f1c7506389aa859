// The cases of http.md about the limit of PUTs: one in ten seconds, none saved up.
import { type Cast, onEveryLog } from './cast.js';

jest.setTimeout(60_000);

function cases(cast: Cast): void {
  describe('more PUTs than allowed', () => {
    it('SY-R4 the first is 200, an immediate second 429, and one command is written', async () => {
      const user = cast.user('user');
      expect((await user.put('online')).status).toBe(200);
      const { status, body, headers } = await user.put('unavailable');
      expect({ status, errcode: body['errcode'] }).toEqual({ status: 429, errcode: 'M_LIMIT_EXCEEDED' });
      expect(body['retry_after_ms']).toBeGreaterThan(0);
      expect(Number(headers.get('retry-after')) * 1_000).toBeGreaterThanOrEqual(Number(body['retry_after_ms']));
      expect(await cast.recordsOf('commands', user.userId)).toHaveLength(1);
    });

    it('are refused per user', async () => {
      for (const user of [cast.user('one'), cast.user('two')]) expect((await user.put('online')).status).toBe(200);
    });

    it('never refuse or ignore a sync: its claim is heard when its turn comes', async () => {
      const user = cast.user('user');
      await user.first();
      const started = performance.now();
      await user.sync({ set_presence: 'unavailable' });
      expect(performance.now() - started).toBeLessThan(5_000);
      expect((await user.get()).body).toMatchObject({ presence: 'online' });
      await user.event(user, { presence: 'unavailable' }, { set_presence: 'unavailable' });
    });
  });
}

onEveryLog(cases, { PUT_PER_SECOND: '0.1', PUT_BURST: '1' });
