// A snapshot with each reader delayed in turn, and the ways in which a token is followed: from memory, from the log, by another
// gateway, or not at all (design.md section 8).
import { SimulatedClock } from '#libs/testing';
import type { EventLog } from '#libs/event-log';
import {
  HandWritten,
  OFFLINE,
  ONLINE,
  StillGateway,
  TOPICS,
  UNAVAILABLE,
  handWrittenLog,
  type Told,
} from '../testing/hand-written.js';
import { EVERYTHING } from './feed.js';
import type { Follower } from './follower.js';
import type { Following } from './presence-news.js';
import type { SinceToken } from './since-token.js';
import type { Snapshot } from './snapshot.js';

const [ALICE, BOB] = ['@alice:hs', '@bob:hs'];
let clock: SimulatedClock;
let log: EventLog;
let hand: HandWritten;
let still: StillGateway;

beforeEach(async () => {
  clock = new SimulatedClock(1_000_000_000);
  log = await handWrittenLog(clock);
  hand = new HandWritten(log);
  still = await StillGateway.open(log, clock, 'g1');
});

const told = (version: number, view: Told['view'], userId = ALICE): Told => ({
  userId,
  version,
  view,
  changedAtMs: clock.nowMs(),
});
const shown = (texts: readonly string[]): string[] =>
  texts.map((text) => {
    const { sender, content } = JSON.parse(text) as { sender: string; content: { presence: string } };
    return `${sender} ${content.presence}`;
  });
const followed = (following: Following): Follower => {
  if (typeof following === 'string') throw new Error(`the token is ${following}`);
  return following;
};
const snapshot = (by = still): Snapshot => by.gateway.news.snapshot(BOB, EVERYTHING);

async function next(token: SinceToken, by = still): Promise<{ texts: string[]; token: SinceToken } | 'ahead' | 'lost'> {
  const feed = await by.gateway.news.follow(BOB, token);
  if (typeof feed === 'string') return feed;
  const texts = shown(feed.take(EVERYTHING));
  return { texts, token: feed.sinceToken };
}

/** Alice is online; bob joins her room; the fan-out tells him. */
async function bobJoins(): Promise<void> {
  await hand.state(told(1, ONLINE));
  await hand.member('!r:hs', ALICE);
  await hand.member('!r:hs', BOB);
  await hand.frame(told(1, ONLINE), [BOB], await log.ends(TOPICS.memberships));
}

describe('a snapshot', () => {
  it('shows all, and its token has nothing more to tell, when every reader is up to date', async () => {
    await bobJoins();
    await still.readAll();
    const { texts, token } = snapshot();
    expect(shown(texts)).toEqual([`${ALICE} online`]);
    expect(await next(token)).toMatchObject({ texts: [] });
  });

  it('while memberships are delayed carries an older position, from which the join follows', async () => {
    await bobJoins();
    await still.readAll(TOPICS.states, TOPICS.deliveries);
    const { texts, token } = snapshot();
    expect(texts).toEqual([]);
    expect(await next(token)).toMatchObject({ texts: [`${ALICE} online`] });
    await still.readAll();
    expect(shown(snapshot().texts)).toEqual([`${ALICE} online`]);
  });

  it('while states are delayed shows what frames have told', async () => {
    await bobJoins();
    await hand.frame(told(2, UNAVAILABLE), [BOB], await log.ends(TOPICS.memberships));
    await still.readAll(TOPICS.memberships, TOPICS.deliveries);
    expect(shown(snapshot().texts)).toEqual([`${ALICE} unavailable`]);
    await still.readAll();
    expect(shown(snapshot().texts)).toEqual([`${ALICE} unavailable`]);
  });

  it('while deliveries are delayed shows what states tell, and does not tell it again', async () => {
    await bobJoins();
    await hand.frame(told(1, ONLINE), [BOB], await log.ends(TOPICS.memberships));
    await still.readAll(TOPICS.states, TOPICS.memberships);
    const { texts, token } = snapshot();
    expect(shown(texts)).toEqual([`${ALICE} online`]);
    await still.readAll();
    expect(await next(token)).toMatchObject({ texts: [] });
    await hand.frame(told(2, OFFLINE), [BOB], await log.ends(TOPICS.memberships));
    await still.readAll();
    expect(await next(token)).toMatchObject({ texts: [`${ALICE} offline`] });
  });

  it('that was told by another gateway is told again at most once', async () => {
    await bobJoins();
    await still.readAll(TOPICS.states, TOPICS.memberships);
    const { token } = snapshot();
    const other = await StillGateway.open(log, clock, 'g2');
    await other.readAll();
    const first = await next(token, other);
    expect(first).toMatchObject({ texts: [`${ALICE} online`] });
    expect(await next((first as { token: SinceToken }).token, other)).toMatchObject({ texts: [] });
  });
});

describe('somebody who went offline before the fan-out took the join', () => {
  /** The snapshot shows alice online by memberships of which the fan-out knows nothing yet; then she goes, and no frame says so. */
  async function unseen(): Promise<Snapshot> {
    await hand.state(told(1, ONLINE));
    await hand.member('!r:hs', ALICE);
    await hand.member('!r:hs', BOB);
    await still.readAll();
    const made = snapshot();
    expect(shown(made.texts)).toEqual([`${ALICE} online`]);
    clock.advanceTo(clock.nowMs() + 1_000);
    await hand.state(told(2, OFFLINE));
    await still.readAll();
    return made;
  }

  it('is told from the view, when a frame has had time to come, and once', async () => {
    const { token } = await unseen();
    expect(await next(token)).toMatchObject({ texts: [] });
    clock.advanceTo(clock.nowMs() + 6_000);
    const goodbye = (await next(token)) as { texts: string[]; token: SinceToken };
    expect(goodbye.texts).toEqual([`${ALICE} offline`]);
    clock.advanceTo(clock.nowMs() + 6_000);
    expect(await next(goodbye.token)).toMatchObject({ texts: [] });
  });

  it('wakes a poll that waits', async () => {
    const { token } = await unseen();
    const feed = await still.gateway.news.follow(BOB, token);
    if (typeof feed === 'string') throw new Error(feed);
    expect(feed.take(EVERYTHING)).toEqual([]);
    const changed = feed.changed(new AbortController().signal);
    clock.advanceTo(clock.nowMs() + 6_000);
    await changed;
    expect(shown(feed.take(EVERYTHING))).toEqual([`${ALICE} offline`]);
  });

  it('is told to a client that comes back late, and by another gateway, whose tokens then carry no mark', async () => {
    const { token } = await unseen();
    const other = await StillGateway.open(log, clock, 'g2');
    await other.readAll();
    clock.advanceTo(clock.nowMs() + 3_600_000);
    for (const gateway of [still, other]) {
      const late = (await next(token, gateway)) as { texts: string[]; token: SinceToken };
      expect(late.texts).toEqual([`${ALICE} offline`]);
      expect(late.token.snapshot).toBeUndefined();
    }
  });

  it('is not told again when a frame did say so', async () => {
    const { token } = await unseen();
    await hand.frame(told(2, OFFLINE), [BOB], await log.ends(TOPICS.memberships));
    await still.readAll();
    const after = (await next(token)) as { texts: string[]; token: SinceToken };
    expect(after.texts).toEqual([`${ALICE} offline`]);
    clock.advanceTo(clock.nowMs() + 6_000);
    expect(await next(after.token)).toMatchObject({ texts: [] });
  });
});

describe('a token', () => {
  async function fresh(): Promise<SinceToken> {
    await bobJoins();
    await still.readAll();
    return snapshot().token;
  }

  it('of a place that this gateway has not reached waits, and is followed when it has', async () => {
    await fresh();
    const behind = await StillGateway.open(log, clock, 'g2');
    const { token } = snapshot();
    await behind.readAll(TOPICS.states, TOPICS.memberships);
    await hand.frame(told(2, UNAVAILABLE), [BOB], await log.ends(TOPICS.memberships));
    await still.readAll();
    const ahead = (await next(token)) as { token: SinceToken };
    expect(await next(ahead.token, behind)).toBe('ahead');
    await behind.readAll();
    expect(await next(ahead.token, behind)).toMatchObject({ texts: [] });
  });

  it('older than memory is followed from the log', async () => {
    const token = await fresh();
    const small = await StillGateway.open(log, clock, 'g2', { maxRecentRecipients: 1 });
    for (let version = 2; version <= 9; version += 1)
      await hand.frame(told(version, version % 2 === 0 ? UNAVAILABLE : ONLINE), [BOB, '@x:hs'], [0, 0]);
    await small.readAll();
    expect(await next(token, small)).toMatchObject({ texts: [`${ALICE} online`] });
  });

  it('that was read from the log is followed at once by the next poll, until memory goes on without it', async () => {
    const token = await fresh();
    const small = await StillGateway.open(log, clock, 'g2', { maxRecentRecipients: 4 });
    const tell = async (user: string): Promise<void> => {
      await hand.frame(told(1, ONLINE, user), [BOB, '@x:hs'], [0, 0]);
      await small.readAll();
    };
    const others = ['@c:hs', '@d:hs', '@e:hs'];
    for (const user of others) await tell(user);
    expect(small.gateway.news.follow(BOB, token)).toBeInstanceOf(Promise);
    const feed = followed(await small.gateway.news.follow(BOB, token));
    expect(shown(feed.take({ passes: undefined, limit: 1 }))).toEqual(['@c:hs online']);
    const again = small.gateway.news.follow(BOB, feed.sinceToken);
    if (again instanceof Promise) throw new Error('it reads the log again');
    expect(shown(followed(again).take(EVERYTHING))).toEqual(['@d:hs online', '@e:hs online']);
    for (const user of ['@f:hs', '@g:hs', '@h:hs']) await tell(user);
    expect(small.gateway.news.follow(BOB, feed.sinceToken)).toBeInstanceOf(Promise);
  });

  it('of two devices of one user, read from the log in one pass, is followed from its own place', async () => {
    const token = await fresh();
    const small = await StillGateway.open(log, clock, 'g2', { maxRecentRecipients: 1 });
    const tell = (user: string): Promise<void> => hand.frame(told(1, ONLINE, user), [BOB, '@x:hs'], [0, 0]);
    await tell('@c:hs');
    await still.readAll();
    const later = snapshot().token;
    for (const user of ['@d:hs', '@e:hs']) await tell(user);
    await small.readAll();
    const both = async (tokens: SinceToken[]): Promise<unknown> => {
      const feeds = await Promise.all(tokens.map(async (one) => small.gateway.news.follow(BOB, one)));
      return feeds.map((feed) => shown(followed(feed).take(EVERYTHING)).length);
    };
    // The first that asks has a pass for itself.
    expect([await both([token, token, later]), await both([later, later, token])]).toEqual([
      [3, 3, 2],
      [2, 2, 3],
    ]);
  });

  it('misses nothing that comes while it is read from the log', async () => {
    const token = await fresh();
    const small = await StillGateway.open(log, clock, 'g2', { maxRecentRecipients: 4 });
    const tell = async (user: string): Promise<void> => {
      await hand.frame(told(1, ONLINE, user), [BOB, '@x:hs'], [0, 0]);
      await small.readAll();
    };
    for (const user of ['@c:hs', '@d:hs', '@e:hs']) await tell(user);
    const { deliveries } = small.gateway;
    const follow = deliveries.follow.bind(deliveries);
    deliveries.follow = async (...asked): Promise<Awaited<ReturnType<typeof follow>>> => {
      const found = await follow(...asked);
      await tell('@f:hs');
      return found;
    };
    expect(await next(token, small)).toMatchObject({
      texts: ['@c:hs', '@d:hs', '@e:hs', '@f:hs'].map((user) => `${user} online`),
    });
  });

  it('older than memory is read from the log once for a whole crowd, each from its own place', async () => {
    await bobJoins();
    await still.readAll();
    const crowd = Array.from({ length: 40 }, (_, index) => `@c${String(index)}:hs`);
    for (const user of crowd) await hand.member('!r:hs', user);
    await still.readAll();
    const tokens = crowd.map(() => [] as SinceToken[]);
    for (let version = 2; version <= 9; version += 1) {
      const to = crowd.filter((_user, index) => (index + version) % 3 !== 0);
      await hand.frame(told(version, version % 2 === 0 ? UNAVAILABLE : ONLINE), [...to, '@x:hs'], [0, 0]);
      await still.readAll();
      for (const [index, user] of crowd.entries())
        tokens[index]!.push(still.gateway.news.snapshot(user, EVERYTHING).token);
    }
    const counted = Object.assign(Object.create(log) as EventLog, { reads: 0 });
    counted.read = (...where): ReturnType<EventLog['read']> => {
      counted.reads += 1;
      return log.read(...where);
    };
    const small = await StillGateway.open(counted, clock, 'g2', { maxRecentRecipients: 1 });
    await small.readAll();
    const readBefore = counted.reads;
    const feeds = await Promise.all(
      crowd.map(async (user, index) => followed(await small.gateway.news.follow(user, tokens[index]![index % 5]!))),
    );
    // Two partitions, in each the pass of the first that asked, and that of all others.
    expect(counted.reads).toBeGreaterThan(readBefore);
    expect(counted.reads - readBefore).toBeLessThanOrEqual(4);
    for (const [index, feed] of feeds.entries()) {
      const own = followed(await still.gateway.news.follow(crowd[index]!, tokens[index]![index % 5]!));
      expect([index, feed.take(EVERYTHING)]).toEqual([index, own.take(EVERYTHING)]);
      expect(feed.sinceToken.position).toEqual(own.sinceToken.position);
    }
  });

  it('of somebody who waits while more comes than is kept is followed by everything shown, in a poll and in a stream', async () => {
    await bobJoins();
    const small = await StillGateway.open(log, clock, 'g2', { maxSendersAtOnce: 2 });
    const others = ['@c:hs', '@d:hs', '@e:hs', '@f:hs'];
    for (const user of [...others, '@g:hs']) await hand.member('!r:hs', user);
    await hand.state(told(1, ONLINE, '@g:hs'));
    await small.readAll();
    const { token } = snapshot(small);
    // A deadline of long ago, told only now: the engine was away.
    await hand.state({ ...told(2, OFFLINE, '@g:hs'), changedAtMs: clock.nowMs() - 600_000 });
    const [poll, stream] = [await small.gateway.news.follow(BOB, token), await small.gateway.news.follow(BOB, token)];
    expect([followed(poll).take(EVERYTHING), followed(stream).isBehind]).toEqual([[], false]);
    for (const user of others) {
      await hand.state(told(1, ONLINE, user));
      await hand.frame(told(1, ONLINE, user), [BOB], await log.ends(TOPICS.memberships));
    }
    await small.readAll();
    expect(followed(stream).isBehind).toBe(true);
    followed(stream).each(undefined, () => {
      throw new Error('not everything that it missed is told');
    });
    expect(shown(followed(poll).take(EVERYTHING)).sort()).toEqual([
      ...[ALICE, ...others].map((user) => `${user} online`),
      '@g:hs offline',
    ]);
    expect([followed(poll).isBehind, followed(poll).take(EVERYTHING)]).toEqual([false, []]);
    expect(await next(followed(stream).sinceToken, small)).toBe('lost');
  });

  it('further behind than a replay may be is lost', async () => {
    const token = await fresh();
    const small = await StillGateway.open(log, clock, 'g2', { maxRecentRecipients: 1, maxReplayFrames: 3 });
    for (let version = 2; version <= 9; version += 1) await hand.frame(told(version, ONLINE), [BOB], [0, 0]);
    await small.readAll();
    expect(await next(token, small)).toBe('lost');
  });

  it.each([
    ['of another topic or user', { identity: 'XXXXXXXX' }],
    ['of another partition', { partition: 77 }],
    ["beyond the log's own end", { position: { offset: 1_000, entry: 0 } }],
  ])('%s is lost', async (_what, other) => {
    expect(await next({ ...(await fresh()), ...other })).toBe('lost');
  });

  it('that is lost is answered with everybody who is not plain offline, and with whoever changed since, offline included', async () => {
    const token = await fresh();
    const state = (userId: string, view: Told['view']): Promise<void> =>
      hand.state({ userId, version: 1, view, changedAtMs: clock.nowMs() });
    for (const user of ['@long-gone:hs', '@just-gone:hs', '@message:hs', '@here:hs']) await hand.member('!r:hs', user);
    await state('@long-gone:hs', OFFLINE);
    await state('@message:hs', { ...OFFLINE, statusMsg: 'on leave' });
    clock.advanceTo(clock.nowMs() + 120_000);
    await state('@just-gone:hs', OFFLINE);
    await state('@here:hs', ONLINE);
    await still.readAll();
    const later = { ...token, timeMs: clock.nowMs() };
    const { texts } = still.gateway.news.fallback(BOB, EVERYTHING, later);
    expect(shown(texts).sort()).toEqual([
      `${ALICE} online`,
      '@here:hs online',
      '@just-gone:hs offline',
      '@message:hs offline',
    ]);
    expect(shown(still.gateway.news.fallback(BOB, EVERYTHING, undefined).texts)).toContain('@long-gone:hs offline');
  });

  it('tells the own state from the view, before its delivery, and once', async () => {
    const token = await fresh();
    await hand.state(told(1, UNAVAILABLE, BOB));
    await still.readAll();
    const after = await next(token);
    expect(after).toMatchObject({ texts: [`${BOB} unavailable`] });
    await hand.frame(told(1, UNAVAILABLE, BOB), [BOB], [0, 0]);
    await still.readAll();
    expect(await next((after as { token: SinceToken }).token)).toMatchObject({ texts: [] });
  });

  it('with a limit stands behind exactly what was told', async () => {
    const token = await fresh();
    for (const user of ['@x:hs', '@y:hs', '@z:hs'])
      await hand.frame({ userId: user, version: 1, view: ONLINE, changedAtMs: clock.nowMs() }, [BOB], [0, 0]);
    await still.readAll();
    let at = token;
    const seen: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      const feed = await still.gateway.news.follow(BOB, at);
      if (typeof feed === 'string') throw new Error(feed);
      seen.push(shown(feed.take({ passes: undefined, limit: 1 })).join());
      at = feed.sinceToken;
    }
    expect(seen).toEqual(['@x:hs online', '@y:hs online', '@z:hs online', '']);
  });
});
