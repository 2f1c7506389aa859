// The flap finder, tried on itself: it finds who is planted as offline within the span, and excuses whatever lies outside.
import { encodeChange, topicNames } from '#libs/contracts';
import { flapsOf, seenIn } from './flaps.js';
import type { CopiedRecord } from './log-copy.js';

const TOPICS = topicNames('presence.');
const [ALICE, BOB] = ['@alice:hs', '@bob:hs'] as const;
const SPAN = { fromMs: 1_000, toMs: 2_000 };

function change(userId: string, atMs: number, presence: 'online' | 'offline' | 'forgotten'): CopiedRecord {
  const stamp = { userId, life: 0, version: 1, atMs, cause: { timer: 'grace' as const }, applied: {} };
  const before = { presence: 'offline' as const, currentlyActive: false };
  const view = { presence: presence === 'forgotten' ? 'offline' : presence, currentlyActive: false };
  const value =
    presence === 'forgotten'
      ? encodeChange({ kind: 'forgotten', ...stamp })
      : encodeChange({ kind: 'changed', ...stamp, before, view });
  return { offset: 0, timestampMs: atMs, key: userId, value };
}

const records =
  (...changes: CopiedRecord[]) =>
  (topic: string): CopiedRecord[][] =>
    topic === TOPICS.changes ? [changes] : [];

describe('the flap finder', () => {
  it('lets pass who is online, who is not watched, and what lies outside of the span', () => {
    const told = records(
      change(ALICE, 900, 'offline'),
      change(ALICE, 1_000, 'online'),
      change(BOB, 1_500, 'offline'),
      change(ALICE, 2_000, 'offline'),
    );
    expect(flapsOf(told, TOPICS, [ALICE], SPAN)).toEqual([]);
    expect([...seenIn(told, TOPICS)]).toEqual([ALICE, BOB]);
  });

  it.each(['offline', 'forgotten'] as const)('finds who is shown %s for a moment', (presence) => {
    const told = records(change(ALICE, 1_400, presence), change(ALICE, 1_401, 'online'));
    expect(flapsOf(told, TOPICS, [ALICE], SPAN)).toEqual([
      expect.stringContaining('@alice:hs was shown offline 400 ms'),
    ]);
  });
});
