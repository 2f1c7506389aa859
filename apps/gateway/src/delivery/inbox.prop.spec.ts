// Whatever is put, trimmed and extended: from its floor on an inbox holds of every sender the latest that it took, in order.
import fc from 'fast-check';
import type { UserId } from '#libs/matrix';
import { FrameOrigin } from './frame-origin.js';
import { Inbox } from './inbox.js';
import { KeptNews } from './kept-news.js';
import { News } from './news.js';
import { comparePositions, startOf } from './position.js';

const MAX_SENDERS = 12;

function news(sender: string, version: number, offset: number): News {
  const stamp = { userId: sender as UserId, life: 0, version, changedAtMs: 0 };
  const view = { presence: 'online', currentlyActive: false } as const;
  return new News({ kind: 'shown', ...stamp, view }, sender, startOf(offset), new FrameOrigin(offset, 'same', '{}'));
}

const puts = fc.record({ sender: fc.nat(17), version: fc.nat(60) });
const steps = fc.oneof(
  { weight: 12, arbitrary: puts.map((put) => ({ kind: 'put' as const, ...put })) },
  { weight: 1, arbitrary: fc.nat(400).map((to) => ({ kind: 'trim' as const, to })) },
);

test('an inbox is complete and in order from its floor on', () => {
  fc.assert(
    fc.property(fc.array(steps, { maxLength: 400 }), fc.constantFrom(Infinity, 6), (taken, mostKept) => {
      const kept = new KeptNews(mostKept);
      const inbox = new Inbox('@r:hs', startOf(0), { maxSenders: MAX_SENDERS, kept });
      const latest = new Map<string, News>();
      taken.forEach((step, offset) => {
        if (step.kind === 'trim') return inbox.trim(startOf(Math.min(step.to, offset)), step.to + 60_000);
        const told = news(`s${step.sender}`, step.version, offset);
        if (inbox.put(told) === 'news') latest.set(told.sender, told);
        else expect(latest.get(told.sender)?.version).toBeGreaterThanOrEqual(told.version);
        return undefined;
      });
      expect(inbox.size).toBeLessThanOrEqual(MAX_SENDERS);
      expect(kept.count).toBe(inbox.size);
      const wanted = [...latest.values()]
        .filter(({ position }) => comparePositions(position, inbox.floor) >= 0)
        .sort((a, b) => comparePositions(a.position, b.position));
      expect(inbox.since(inbox.floor)).toEqual(wanted);
      for (const one of wanted) expect(inbox.latest(one.sender)).toBe(one);
    }),
    { numRuns: 500 },
  );
});
