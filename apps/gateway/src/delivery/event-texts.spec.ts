// Whose text is shared with whom, and for how long.
import { EventTexts } from './event-texts.js';
import { FrameOrigin } from './frame-origin.js';
import type { News } from './news.js';
import { startOf } from './position.js';

const told = (changed: Partial<News> = {}): News => ({
  ...{ sender: '@alice:hs', row: 1, life: 0, version: 1, traceparent: undefined, position: startOf(1) },
  ...{ view: { presence: 'online', currentlyActive: false, lastActiveAtMs: 1_000 }, toldAtMs: 0 },
  origin: new FrameOrigin('', ''),
  ...changed,
});
const seen = (text: string): unknown => JSON.parse(text);

it('is told with the ago of now, at most ten milliseconds old', () => {
  const texts = new EventTexts('stable');
  const ago = (nowMs: number): unknown => seen(texts.of(told(), nowMs));
  const event = { type: 'm.presence', sender: '@alice:hs' };
  const agoOf = (last_active_ago: number): object => ({
    ...event,
    content: { presence: 'online', last_active_ago, currently_active: false },
  });
  expect([2_000, 2_010, 2_011, 2_005].map(ago)).toEqual([1_000, 1_000, 1_011, 1_005].map(agoOf));
});

it('is of one state of one sender alone', () => {
  const texts = new EventTexts('stable');
  const others: Partial<News>[] = [
    {},
    { version: 2, view: { presence: 'unavailable', currentlyActive: false, lastActiveAtMs: 1_000 } },
    { life: 1, version: 0, view: undefined },
    { view: { presence: 'online', currentlyActive: false, lastActiveAtMs: 1_500 } },
    { row: 1 + 1_024, sender: '@bob:hs' },
    {},
  ];
  const fresh = others.map((changed) => new EventTexts('stable').of(told(changed), 2_000));
  expect(others.map((changed) => texts.of(told(changed), 2_000))).toEqual(fresh);
  expect(new Set(fresh).size).toBe(5);
});
