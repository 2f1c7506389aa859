// The latest per sender, in the order of places, within a bound.
import type { FrameEntry } from '#libs/contracts';
import type { UserId } from '#libs/matrix';
import { FrameOrigin } from './frame-origin.js';
import { Inbox } from './inbox.js';
import { KeptNews } from './kept-news.js';
import { News } from './news.js';
import { startOf } from './position.js';

const ROOMS = '{"0":1}';

function news(sender: string, version: number, offset: number, { rooms = ROOMS, atMs = offset } = {}): News {
  const entry: FrameEntry = {
    kind: 'shown',
    userId: sender as UserId,
    life: 0,
    version,
    changedAtMs: 0,
    view: { presence: 'online', currentlyActive: false },
    to: [],
  };
  return new News(entry, entry.userId, startOf(offset), new FrameOrigin(atMs, rooms, '{}'));
}

const inbox = (maxSenders = 100, kept = new KeptNews(Infinity), from = 0): Inbox =>
  new Inbox('@r:hs', startOf(from), { maxSenders, kept });
const senders = (found: readonly News[]): string[] => found.map(({ sender, version }) => `${sender}${String(version)}`);

describe('an inbox', () => {
  it('gives the latest state per sender from a place on, oldest first', () => {
    const box = inbox();
    for (const [sender, version, offset] of [
      ['a', 1, 1],
      ['b', 1, 2],
      ['a', 2, 3],
    ] as const)
      box.put(news(sender, version, offset));
    expect(senders(box.since(startOf(0)))).toEqual(['b1', 'a2']);
    expect(senders(box.since(startOf(3)))).toEqual(['a2']);
    expect(senders(box.since(startOf(4)))).toEqual([]);
  });

  it('drops what is older, and what is repeated under the same memberships', () => {
    const box = inbox();
    expect(box.put(news('a', 2, 1))).toBe('news');
    expect(box.put(news('a', 1, 2))).toBe('known');
    expect(box.put(news('a', 2, 3))).toBe('known');
    expect(senders(box.since(startOf(2)))).toEqual([]);
  });

  it('tells the same version again when memberships have changed: somebody may have joined anew', () => {
    const box = inbox();
    box.put(news('a', 2, 1));
    expect(box.put(news('a', 2, 3, { rooms: '{"0":2}' }))).toBe('news');
    expect(senders(box.since(startOf(2)))).toEqual(['a2']);
  });

  it('holds no more senders than its bound, and its floor rises over what it dropped', () => {
    const box = inbox(8);
    for (let n = 1; n <= 20; n += 1) box.put(news(`s${String(n)}`, 1, n));
    expect(box.size).toBeLessThanOrEqual(8);
    expect(box.floor.offset).toBeGreaterThan(10);
    expect(box.since(box.floor)).toHaveLength(box.size);
    expect(senders(box.since(box.floor)).at(-1)).toBe('s201');
  });

  it('stays small however often one sender changes', () => {
    const box = inbox();
    for (let n = 1; n <= 10_000; n += 1) box.put(news('a', n, n));
    expect(box.size).toBe(1);
    expect(senders(box.since(startOf(0)))).toEqual(['a10000']);
    expect(box.floor).toEqual(startOf(0));
  });

  it('takes in what came before its floor without replacing what is newer', () => {
    const box = inbox(100, new KeptNews(Infinity), 10);
    box.put(news('a', 5, 11));
    box.extendBack([news('a', 4, 3), news('b', 1, 4)], startOf(2));
    expect(senders(box.since(startOf(2)))).toEqual(['b1', 'a5']);
    expect(box.floor).toEqual(startOf(2));
  });

  it('forgets what is old and has been passed, and says so by its floor', () => {
    const box = inbox();
    for (const offset of [1, 2, 3]) box.put(news(`s${String(offset)}`, 1, offset, { atMs: offset * 1_000 }));
    box.trim(startOf(3), 62_500);
    expect(senders(box.since(startOf(0)))).toEqual(['s31']);
    expect(box.floor).toEqual({ offset: 2, entry: 1 });
    box.trim(startOf(2), 160_000);
    expect(box.size).toBe(1);
  });

  it('forgets at once what has been passed, and keeps few senders, when there is too much in all of them', () => {
    const kept = new KeptNews(1_000);
    const [read, unread, other] = [inbox(5_000, kept), inbox(5_000, kept), inbox(5_000, kept)];
    for (let n = 1; n <= 400; n += 1) for (const box of [read, unread]) box.put(news(`s${String(n)}`, 1, n));
    for (let n = 1; n <= 400; n += 1) other.put(news(`s${String(n)}`, 1, n));
    expect(kept.isFull).toBe(true);
    read.trim(startOf(300), 400);
    expect([read.size, read.floor]).toEqual([101, { offset: 299, entry: 1 }]);
    for (let n = 401; n <= 2_000; n += 1) for (const box of [read, unread, other]) box.put(news(`s${String(n)}`, 1, n));
    expect(kept.count).toBe(read.size + unread.size + other.size);
    expect(kept.count).toBeLessThanOrEqual(1_100);
    expect(unread.since(unread.floor)).toHaveLength(unread.size);
    for (const box of [read, unread, other]) box.discard();
    expect(kept.count).toBe(0);
  });
});
