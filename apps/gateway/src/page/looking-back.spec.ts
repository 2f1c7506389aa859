// The index of recent changes as it is opened, kept and given up, on a real log and a clock moved by hand; and the overview that is told
// out of it and the view of states, whichever of the two is ahead.
import { encodeChange } from '#libs/contracts';
import type { EventLog, Tail } from '#libs/event-log';
import type { View } from '#libs/presence';
import { SimulatedClock } from '#libs/testing';
import {
  HandWritten,
  OFFLINE,
  ONLINE,
  StillGateway,
  TOPICS,
  UNAVAILABLE,
  handWrittenLog,
} from '../testing/hand-written.js';
import { LOOKING_BACK_BOUNDS, LookingBack } from './looking-back.js';
import { Overview, type OverviewTold } from './overview.js';

const START_MS = 1_000_000;
const ALICE = '@alice:hs';
const BOB = '@bob:hs';
const CAROL = '@carol:hs';

interface Moved {
  readonly view: View;
  /** Absent: offline. */
  readonly before?: View;
}

class Given {
  readonly clock = new SimulatedClock(START_MS);
  readonly closed: Tail[] = [];
  opened = 0;
  log!: EventLog;
  still!: StillGateway;
  write!: HandWritten;
  back!: LookingBack;

  static async begin(): Promise<Given> {
    const given = new Given();
    const log = await handWrittenLog(given.clock);
    const { tail } = log;
    log.tail = async (options) => {
      given.opened += 1;
      const made = await tail.call(log, options);
      return { positions: (topic) => made.positions(topic), close: () => (given.closed.push(made), made.close()) };
    };
    given.log = log;
    given.write = new HandWritten(log);
    given.still = await StillGateway.open(log, given.clock, 'G');
    given.back = new LookingBack(given.still.gateway, { ...LOOKING_BACK_BOUNDS, idleMs: 600_000 });
    return given;
  }

  async change(userId: string, version: number, atMs: number, moved: Moved): Promise<void> {
    const { view, before = OFFLINE } = moved;
    const circumstances = {
      userId,
      life: 0,
      version,
      atMs,
      cause: { topic: 'commands' as const, offset: 0 },
      applied: {},
    };
    await this.log.append(TOPICS.changes, [
      { key: userId, value: encodeChange({ kind: 'changed', view, before, ...circumstances }) },
    ]);
  }

  async tell(wanted: { atMs?: number; search?: string; roomId?: string; limit?: number } = {}): Promise<OverviewTold> {
    const { changes } = await this.back.index();
    return new Overview(this.still.gateway).tell(changes, { search: '', limit: 100, ...wanted });
  }
}

const shown = ({ users }: OverviewTold): Record<string, string> =>
  Object.fromEntries(users.map(({ user_id: userId, presence }) => [userId, presence]));

describe('looking back', () => {
  let given: Given;
  beforeEach(async () => {
    given = await Given.begin();
  });
  afterEach(() => given.back.stop());

  it('reads nothing until somebody asks, then everything up to where the log ended', async () => {
    await given.change(ALICE, 1, START_MS - 10, { view: ONLINE });
    expect(given.opened).toBe(0);
    const { changes, name } = await given.back.index();
    expect([given.opened, changes.next, name]).toEqual([1, 1, 'G.1']);
    await given.change(ALICE, 2, START_MS - 5, { view: UNAVAILABLE, before: ONLINE });
    expect((await given.back.index()).changes.next).toBe(2);
    expect(given.opened).toBe(1);
  });

  it('is given up when nobody asks for long, but not while a stream holds it', async () => {
    const first = await given.back.index();
    const release = given.back.hold();
    given.clock.advanceTo(START_MS + 2_000_000);
    expect(first.closed.aborted).toBe(false);
    release();
    given.clock.advanceTo(START_MS + 4_000_000);
    expect(first.closed.aborted).toBe(true);
    const second = await given.back.index();
    expect([first.name, second.name, given.opened]).toEqual(['G.1', 'G.2', 2]);
    expect(given.closed).toHaveLength(1);
  });

  it('answers from what it knows while the log is away', async () => {
    await given.change(ALICE, 1, START_MS - 10, { view: ONLINE });
    await given.back.index();
    given.log.ends = () => Promise.reject(new Error('away'));
    expect((await given.back.index()).changes.next).toBe(1);
  });
});

describe('the overview', () => {
  let given: Given;
  beforeEach(async () => {
    given = await Given.begin();
    await given.write.member('!tea:hs', ALICE);
    await given.write.member('!tea:hs', BOB);
    await given.write.member('!den:hs', BOB);
    await given.write.state({
      userId: ALICE,
      version: 1,
      view: { ...ONLINE, statusMsg: 'Lunch' },
      changedAtMs: START_MS - 100,
    });
    await given.write.state({ userId: BOB, version: 2, view: OFFLINE, changedAtMs: START_MS - 50 });
    await given.change(ALICE, 1, START_MS - 100, { view: { ...ONLINE, statusMsg: 'Lunch' } });
    await given.change(BOB, 1, START_MS - 80, { view: UNAVAILABLE });
    await given.change(BOB, 2, START_MS - 50, { view: OFFLINE, before: UNAVAILABLE });
    for (const topic of [TOPICS.states, TOPICS.memberships])
      for (const partition of [0, 1]) await given.still.read(topic, partition);
  });
  afterEach(() => given.back.stop());

  it('tells everybody with their rooms and how many show what', async () => {
    const told = await given.tell();
    expect(shown(told)).toEqual({ [ALICE]: 'online', [BOB]: 'offline' });
    expect(told.counts).toEqual({ online: 1, unavailable: 0, busy: 0, offline: 1 });
    const roomsOf = (userId: string): unknown =>
      told.users.find(({ user_id: id }) => id === userId)?.rooms.map((place) => told.rooms[place]);
    expect(roomsOf(ALICE)).toEqual([{ room_id: '!tea:hs', joined: 2 }]);
    expect(roomsOf(BOB)).toEqual(expect.arrayContaining([{ room_id: '!den:hs', joined: 1 }]));
  });

  it.each([
    [START_MS - 101, {}, { online: 0, unavailable: 0, busy: 0, offline: 0 }],
    [START_MS - 100, { [ALICE]: 'online' }, { online: 1, unavailable: 0, busy: 0, offline: 0 }],
    [START_MS - 80, { [ALICE]: 'online', [BOB]: 'unavailable' }, { online: 1, unavailable: 1, busy: 0, offline: 0 }],
    [START_MS - 50, { [ALICE]: 'online', [BOB]: 'offline' }, { online: 1, unavailable: 0, busy: 0, offline: 1 }],
  ])('tells who showed what at %i', async (atMs, people, counts) => {
    const told = await given.tell({ atMs });
    expect({ people: shown(told), counts: told.counts }).toEqual({ people, counts });
  });

  it('follows whichever of the two readers is ahead', async () => {
    await given.change(ALICE, 2, START_MS - 5, { view: UNAVAILABLE, before: ONLINE });
    expect(shown(await given.tell())).toMatchObject({ [ALICE]: 'unavailable' });
    await given.write.state({ userId: ALICE, version: 3, view: ONLINE, changedAtMs: START_MS - 1 });
    for (const partition of [0, 1]) await given.still.read(TOPICS.states, partition);
    expect(shown(await given.tell())).toMatchObject({ [ALICE]: 'online' });
  });

  it('shows nobody before they came, also while only the view of states knows that they did', async () => {
    const before = await given.tell({ atMs: START_MS - 2 });
    await given.write.state({ userId: CAROL, version: 1, view: ONLINE, changedAtMs: START_MS - 1 });
    for (const partition of [0, 1]) await given.still.read(TOPICS.states, partition);
    expect(shown(await given.tell())).toMatchObject({ [CAROL]: 'online' });
    const after = await given.tell({ atMs: START_MS - 2 });
    expect([shown(after), after.counts]).toEqual([shown(before), before.counts]);
    expect(shown(await given.tell({ atMs: START_MS - 1 }))).toMatchObject({ [CAROL]: 'online' });
  });

  it.each([
    [{ search: 'ALICE' }, [ALICE], false],
    [{ search: 'lunch' }, [ALICE], false],
    [{ search: 'nobody' }, [], false],
    [{ roomId: '!den:hs' }, [BOB], false],
    [{ roomId: '!none:hs' }, [], false],
    [{ limit: 1 }, [ALICE], true],
    [{ limit: 2 }, [ALICE, BOB], false],
  ])('tells only what is asked for: %j', async (wanted, people, truncated) => {
    const told = await given.tell(wanted);
    expect([told.users.map(({ user_id: id }) => id), told.truncated]).toEqual([people, truncated]);
  });

  it('does not tell of somebody who was forgotten', async () => {
    await given.change(CAROL, 1, START_MS - 70, { view: ONLINE });
    const forgotten = {
      userId: CAROL,
      life: 0,
      version: 1,
      atMs: START_MS - 20,
      cause: { topic: 'commands' as const, offset: 9 },
      applied: {},
    };
    await given.log.append(TOPICS.changes, [{ key: CAROL, value: encodeChange({ kind: 'forgotten', ...forgotten }) }]);
    for (const atMs of [START_MS - 60, START_MS - 20, undefined])
      expect(shown(await given.tell(atMs === undefined ? {} : { atMs }))).not.toHaveProperty(CAROL);
  });
});
