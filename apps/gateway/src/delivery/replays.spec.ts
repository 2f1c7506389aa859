// A crowd whose tokens are older than memory, with more news than is kept of what was read for it.
import { SimulatedClock } from '#libs/testing';
import { HandWritten, ONLINE, StillGateway, handWrittenLog } from '../testing/hand-written.js';
import { EVERYTHING } from './feed.js';

const [PEOPLE, SENDERS] = [200, 2_200];

it('is followed by everybody all the same', async () => {
  const clock = new SimulatedClock(1_000_000_000);
  const log = await handWrittenLog(clock);
  const hand = new HandWritten(log);
  const crowd = Array.from({ length: PEOPLE }, (_, index) => `@c${String(index)}:hs`);
  const before = await StillGateway.open(log, clock, 'g1');
  const tokens = crowd.map((user) => before.gateway.news.snapshot(user, EVERYTHING).token);
  const small = await StillGateway.open(log, clock, 'g2', { maxRecentRecipients: 1 });
  const told = { version: 1, view: ONLINE, changedAtMs: clock.nowMs() };
  for (let sender = 0; sender < SENDERS; sender += 1)
    await hand.frame({ userId: `@s${String(sender)}:hs`, ...told }, crowd, [0, 0]);
  await small.readAll();
  const followed = await Promise.all(
    crowd.map(async (user, index) => {
      const feed = await small.gateway.news.follow(user, tokens[index]!);
      return typeof feed === 'string' ? feed : 'followed';
    }),
  );
  expect(new Set(followed)).toEqual(new Set(['followed']));
});
