// Whatever is delivered to whomever, in whatever order: from its floor on memory tells everybody what a plain list of everything that
// they were told would tell, and names whoever waits.
import fc from 'fast-check';
import type { UserId } from '#libs/matrix';
import { Interner } from '#libs/interest';
import { FrameOrigin } from './frame-origin.js';
import { LatestNews } from './latest-news.js';
import { newsOf, type News } from './news.js';
import { comparePositions, compareStamps, startOf, type Stamp } from './position.js';
import { RecentDeliveries, type RecentBounds } from './recent-deliveries.js';

const [USERS, SENDERS, PARTITIONS] = [300, 12, 2];

const steps = fc.record({
  partition: fc.nat(PARTITIONS - 1),
  sender: fc.nat(SENDERS - 1),
  /** Behind or ahead of the sender's newest. */
  version: fc.constantFrom(1, 1, 1, 1, 0, -1, -2),
  roomsMoved: fc.constantFrom(false, false, true),
  to: fc.uniqueArray(fc.oneof(fc.nat(5), fc.nat(USERS - 1)), { maxLength: 20 }),
  wait: fc.option(fc.nat(5), { freq: 3 }),
});
const bounds = fc.constantFrom<RecentBounds>(
  { maxRecentRecipients: 1_000_000, maxRecentNews: 1_000_000, maxSendersAtOnce: 5_000 },
  { maxRecentRecipients: 60, maxRecentNews: 1_000_000, maxSendersAtOnce: 5_000 },
  { maxRecentRecipients: 18, maxRecentNews: 1_000_000, maxSendersAtOnce: 5_000 },
  { maxRecentRecipients: 1_000_000, maxRecentNews: 20, maxSendersAtOnce: 1 },
);

class Played {
  readonly users = new Interner();
  readonly all: { readonly partition: number; readonly news: News; readonly to: readonly number[] }[] = [];
  readonly recent: RecentDeliveries;
  readonly #newest = new Map<number, number>();
  readonly #waiting = new Set<number>();
  #rooms = 0;

  constructor(bounds: RecentBounds) {
    for (let user = 0; user < USERS; user += 1) this.users.intern(`@u${String(user)}:hs`);
    this.recent = new RecentDeliveries(new Array(PARTITIONS).fill(startOf(0)), this.users, bounds);
  }

  play(step: typeof steps extends fc.Arbitrary<infer T> ? T : never): void {
    const { partition, sender: row, to, wait } = step;
    if (wait !== null) {
      if (this.#waiting.delete(wait)) this.recent.letGo(wait);
      else {
        this.#waiting.add(wait);
        this.recent.await(wait);
      }
    }
    if (step.roomsMoved) this.#rooms += 1;
    const newest = this.#newest.get(row) ?? 1;
    const version = Math.max(1, newest + step.version);
    this.#newest.set(row, Math.max(newest, version));
    const offset = this.all.length;
    const sender = this.users.nameOf(row) as UserId;
    // One version is told with the times of activity that are known then.
    const view = { presence: 'online', currentlyActive: false, lastActiveAtMs: offset - (offset % 8) } as const;
    const origin = new FrameOrigin(`{"0":${String(this.#rooms)}}`, '{}');
    const stamp = { userId: sender, life: 0, version, changedAtMs: 0 };
    const told = { kind: 'shown', ...stamp, view } as const;
    const awaited = new Set<number>();
    const entry = { news: told, row, sender, to: Int32Array.from(to) };
    const position = startOf(offset);
    this.recent.add({ partition, position, entry, origin, toldAtMs: offset }, awaited);
    this.all.push({ partition, news: newsOf(entry, { position, origin, toldAtMs: offset }), to });
    expect([...awaited]).toEqual(to.filter((user) => this.#waiting.has(user)));
  }

  /** By the plain list, from the floor on. */
  told(user: number, partition: number): LatestNews {
    const latest = new LatestNews();
    const floor = this.recent.floor(partition);
    for (const one of this.all)
      if (one.partition === partition && one.to.includes(user) && comparePositions(one.news.position, floor) >= 0)
        latest.put(one.news);
    return latest;
  }
}

const seen = (news: News | undefined): unknown => news && { ...news };

test('memory tells what a plain list tells', () => {
  let lost = 0;
  fc.assert(
    fc.property(fc.array(steps, { minLength: 1, maxLength: 120 }), bounds, (played, limits) => {
      const world = new Played(limits);
      for (const step of played) world.play(step);
      const { recent, all } = world;
      const held = all.filter(({ partition, news }) => comparePositions(news.position, recent.floor(partition)) >= 0);
      expect(held.length).toBeLessThanOrEqual(limits.maxRecentNews);
      expect(held.reduce((sum, { to }) => sum + to.length, 0)).toBeLessThanOrEqual(limits.maxRecentRecipients);
      for (let partition = 0; partition < PARTITIONS; partition += 1)
        for (let user = 0; user < 6; user += 1) {
          const told = world.told(user, partition);
          const { offset: floor, entry } = recent.floor(partition);
          if (floor + entry > 0) expect(recent.since(user, partition, startOf(0))).toBeUndefined();
          for (const from of [floor + entry, Math.floor((floor + entry + all.length) / 2), all.length]) {
            const wanted = told.since(startOf(from));
            if (wanted.length > limits.maxSendersAtOnce) lost += 1;
            expect(recent.since(user, partition, startOf(from))?.map(seen)).toEqual(
              wanted.length > limits.maxSendersAtOnce ? undefined : wanted.map(seen),
            );
          }
          const sinceMs = floor + entry;
          const asked = new Map<number, Stamp>();
          for (let row = 0; row < SENDERS; row += 1) asked.set(row, { life: 0, version: 1 + ((row + user) % 4) });
          const untold = [...asked].filter(([row, stamp]) => {
            const latest = told.of(world.users.nameOf(row));
            return latest === undefined || compareStamps(latest, stamp) < 0;
          });
          recent.takeTold(user, partition, sinceMs, asked);
          expect([...asked.keys()]).toEqual(untold.map(([row]) => row));
        }
    }),
    { numRuns: 400 },
  );
  expect(lost).toBeGreaterThan(0);
});
