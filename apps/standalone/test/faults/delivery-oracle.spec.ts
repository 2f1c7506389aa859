// The oracle of deliveries, tried on itself: a small true world passes, and each way in which deliveries can be wrong is found.
import {
  encodeActivity,
  encodeChange,
  encodeFrame,
  encodeMembership,
  encodeRecipientEvent,
  encodeRoomPolicy,
  frameHeaders,
  membershipKey,
  topicNames,
  type News,
} from '#libs/contracts';
import type { View } from '#libs/presence';
import { judgeDeliveries, type DeliveryVerdict } from './delivery-oracle.js';
import type { CopiedRecord } from './log-copy.js';

const TOPICS = topicNames('presence.');
const [ALICE, BOB, CAROL] = ['@alice:hs', '@bob:hs', '@carol:hs'] as const;
const OFFLINE: View = { presence: 'offline', currentlyActive: false };
const ONLINE: View = { presence: 'online', currentlyActive: true, lastActiveAtMs: 500 };
const IDLE: View = { presence: 'unavailable', currentlyActive: false, lastActiveAtMs: 500 };

interface Scene {
  changes: [string, number, View][];
  /** room, user, joins */
  memberships: [string, string, boolean][];
  /** Frames: what memberships they were made from, and entries. */
  frames: { memberships: number; rooms?: number; news: (News & { to: string[] })[] }[];
  withheld: string[];
  /** user, ago, told at; milliseconds */
  activity: [string, number, number][];
  /** Of Bob's topic. */
  held: [string, number, View | undefined][];
}

const news = (userId: string, version: number, view: View, to: string[]): News & { to: string[] } => ({
  kind: 'shown',
  userId,
  life: 0,
  version,
  changedAtMs: version,
  view,
  to,
});

/** Alice and Bob share a room, Carol is elsewhere; Alice came and idles, and both were told of both. */
function trueScene(): Scene {
  return {
    changes: [
      [ALICE, 1, ONLINE],
      [ALICE, 2, IDLE],
      [CAROL, 1, ONLINE],
    ],
    memberships: [
      ['!r:hs', ALICE, true],
      ['!r:hs', BOB, true],
      ['!s:hs', CAROL, true],
    ],
    frames: [
      { memberships: 3, news: [news(ALICE, 1, ONLINE, [ALICE, BOB]), news(CAROL, 1, ONLINE, [CAROL])] },
      { memberships: 3, news: [news(ALICE, 2, { ...IDLE, lastActiveAtMs: 600 }, [ALICE, BOB])] },
    ],
    withheld: [],
    activity: [],
    held: [
      [ALICE, 1, ONLINE],
      [ALICE, 2, IDLE],
    ],
  };
}

type Fields = Omit<CopiedRecord, 'offset' | 'timestampMs'>;
const placed = (records: readonly Fields[]): CopiedRecord[] =>
  records.map((fields, offset) => ({ offset, timestampMs: offset, ...fields }));

function recordsOf({ changes, memberships, frames, withheld, activity }: Scene): Record<string, CopiedRecord[]> {
  const circumstances = { life: 0, before: OFFLINE, cause: { timer: 'idle' as const }, applied: {} };
  return {
    [TOPICS.changes]: placed(
      changes.map(([userId, version, view]) => ({
        key: userId,
        value: encodeChange({ kind: 'changed', userId, version, view, atMs: version, ...circumstances }),
      })),
    ),
    [TOPICS.activity]: activity.map(([userId, agoMs, timestampMs], offset) => ({
      offset,
      timestampMs,
      key: userId,
      value: encodeActivity({ userId, input: { type: 'device.active', deviceId: 'P', agoMs } }),
    })),
    [TOPICS.memberships]: placed(
      memberships.map(([roomId, userId, joins]) => ({
        key: membershipKey(roomId, userId),
        value: joins ? encodeMembership({ roomId, userId, membership: 'join' }) : null,
      })),
    ),
    [TOPICS.rooms]: placed(
      withheld.map((roomId) => ({ key: roomId, value: encodeRoomPolicy({ roomId, presence: 'withhold' }) })),
    ),
    [TOPICS.deliveries]: placed(
      frames.map((frame) => ({
        key: null,
        value: encodeFrame({ entries: frame.news }),
        headers: frameHeaders({ memberships: [frame.memberships], rooms: [frame.rooms ?? 0], changes: [9] }),
      })),
    ),
  };
}

function judged(change: (scene: Scene) => void, partitionOf = (): number => 0): DeliveryVerdict {
  const scene = trueScene();
  change(scene);
  const records = recordsOf(scene);
  const topic = placed(
    scene.held.map(([sender, version, view]) =>
      view === undefined
        ? { key: sender, value: null, headers: {} }
        : encodeRecipientEvent({ sender, version, view, life: 0 }, 1_000),
    ),
  );
  return judgeDeliveries({
    records: (name) => [records[name] ?? []],
    topics: TOPICS,
    users: [ALICE, BOB, CAROL],
    recipients: new Map([[BOB, topic]]),
    partitionOf,
  });
}

describe('the oracle of deliveries', () => {
  it('finds nothing in a true world', () => {
    expect(judged(() => undefined)).toEqual({
      wrong: [],
      missing: [],
      frames: 2,
      tellings: 5,
      repeated: 0,
      pairs: 5,
      recipientTopics: 1,
    });
  });

  it('counts what was told twice, and minds it not', () => {
    const { wrong, missing, repeated } = judged(({ frames }) => frames.push(frames[0]!));
    expect([wrong, missing, repeated]).toEqual([[], [], 3]);
  });

  it('finds a final state that somebody interested was not told', () => {
    expect(judged(({ frames }) => frames.pop()).missing).toEqual([
      `${ALICE} was last told (0, 1) of ${ALICE}, not (0, 2)`,
      `${BOB} was last told (0, 1) of ${ALICE}, not (0, 2)`,
    ]);
  });

  it('finds the effect of a join that was never told', () => {
    const { missing } = judged(({ memberships }) => memberships.push(['!s:hs', BOB, true]));
    expect(missing).toContain(`${BOB} was last told nothing of ${CAROL}, not (0, 1)`);
  });

  it('finds what never was, and what was another', () => {
    const told = (entry: News & { to: string[] }): string =>
      judged(({ frames }) => frames.push({ memberships: 3, news: [entry] })).wrong.join();
    expect(told(news(ALICE, 3, IDLE, [BOB]))).toContain('never was');
    expect(told(news(ALICE, 2, ONLINE, [BOB]))).toContain('and was ["unavailable"');
    expect(told(news(ALICE, 2, { ...IDLE, lastActiveAtMs: 1 }, [BOB]))).toContain('less active');
    expect(told({ kind: 'gone', userId: ALICE, life: 0, version: 2, changedAtMs: 2, to: [BOB] })).toContain(
      'told as gone',
    );
  });

  it('takes a backdated activity for what may stand before the time of a first input, and nothing else for it', () => {
    const early = (userId: string, version: number, agoMs: number): readonly string[] =>
      judged((scene) => {
        scene.changes.push([BOB, 1, IDLE]);
        scene.held.push([BOB, 1, IDLE]);
        scene.frames.push({ memberships: 3, news: [news(userId, version, { ...IDLE, lastActiveAtMs: 1 }, [BOB])] });
        scene.activity.push([userId, agoMs, 700]);
      }).wrong;
    expect(early(BOB, 1, 699)).toEqual([]);
    expect(early(BOB, 1, 698).join()).toContain('less active than it was, at 1 instead of 500');
    expect(early(BOB, 1, 0).join()).toContain('less active');
    // Whoever was shown active has been so by an event of their own.
    expect(early(ALICE, 2, 699).join()).toContain('less active');
  });

  it('finds what was nobody’s business when the frame was made', () => {
    expect(judged(({ frames }) => frames[0]!.news[0]!.to.push(CAROL)).wrong.join()).toContain('shared nothing');
    const early = judged(({ frames }) => (frames[0]!.memberships = 1)).wrong;
    expect(early).toEqual([`deliveries-0 offset 0: ${ALICE} (0, 1) is told to ${BOB}, who shared nothing`]);
    const withheld = judged((scene) => {
      scene.withheld.push('!r:hs');
      scene.frames[1]!.rooms = 1;
    });
    expect(withheld.wrong.join()).toContain('offset 1');
  });

  it('finds a telling in the wrong partition', () => {
    expect(
      judged(
        () => undefined,
        () => 1,
      ).wrong.join(),
    ).toContain('wrong partition');
  });

  it('finds a recipient topic that lacks, is old, or holds whom nobody shares any more', () => {
    expect(judged(({ held }) => held.splice(0)).missing.join()).toContain('holds undefined');
    expect(judged(({ held }) => held.push([ALICE, 1, ONLINE])).missing.join()).toContain('holds (0, 1) online');
    expect(judged(({ held }) => held.push([CAROL, 1, ONLINE])).missing.join()).toContain(`of ${CAROL}, not undefined`);
    expect(judged(({ held }) => held.push([ALICE, 3, undefined])).missing.join()).toContain('not (0, 2) unavailable');
  });
});
