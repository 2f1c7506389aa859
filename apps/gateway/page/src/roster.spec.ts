// Who is known to the page, and which of them are listed: newer wins in whatever order it comes, and the order of the list follows
// from the people alone.
import { chosen, roomCounts } from './choosing.js';
import { Roster } from './roster.js';
import { newModel, shownRoster } from './model.js';
import type { MoveTold, OverviewTold, Presence } from './told.js';

const everybody = { search: '', roomId: undefined, presence: undefined };

const overview = (truncated = false): OverviewTold => ({
  position: 'x_0',
  at_ts: 1_000,
  counts: { online: 1, unavailable: 1, busy: 0, offline: 1 },
  rooms: [
    { room_id: '!tea:hs', joined: 3 },
    { room_id: '!den:hs', joined: 1 },
  ],
  users: [
    { user_id: '@carol:hs', life: 0, version: 3, presence: 'offline', rooms: [0] },
    { user_id: '@bob:hs', life: 0, version: 5, presence: 'unavailable', status_msg: 'Lunch', rooms: [0, 1] },
    { user_id: '@alice:hs', life: 1, version: 2, presence: 'online', currently_active: true, rooms: [0] },
  ],
  truncated,
  moves: [],
});

const move = (userId: string, version: number, presence: Presence | undefined, life = 0): MoveTold => ({
  user_id: userId,
  life,
  version,
  at_ts: 2_000,
  cause: 'commands',
  ...(presence === undefined ? {} : { presence }),
});

const names = (roster: Roster, wish = {}): string[] =>
  chosen(roster, { ...everybody, ...wish }).map(({ userId }) => userId);

describe('the roster', () => {
  it('takes what is newer and drops what is not', () => {
    const roster = Roster.of(overview());
    expect(roster.apply(move('@bob:hs', 5, 'online'))).toBe('known');
    expect(roster.apply(move('@bob:hs', 7, 'online'))).toBe('news');
    expect(roster.apply(move('@bob:hs', 6, 'offline'))).toBe('known');
    expect(roster.apply(move('@alice:hs', 9, 'offline', 0))).toBe('known');
    expect(roster.people.get('@bob:hs')).toMatchObject({
      presence: 'online',
      version: 7,
      rooms: ['!tea:hs', '!den:hs'],
    });
    expect(roster.people.get('@alice:hs')?.presence).toBe('online');
  });

  it('forgets who was forgotten, and wants the rooms of who is new', () => {
    const roster = Roster.of(overview());
    roster.apply(move('@bob:hs', 6, undefined));
    expect(roster.people.has('@bob:hs')).toBe(false);
    expect(roster.hasStrangers).toBe(false);
    roster.apply(move('@dave:hs', 1, 'online'));
    expect(roster.hasStrangers).toBe(true);
  });

  it('stays bounded when it was not told of everybody', () => {
    const roster = Roster.of(overview(true));
    roster.apply(move('@dave:hs', 1, 'online'));
    expect(roster.people.size).toBe(3);
  });

  it('is another one to look at after every change, and only then', () => {
    const roster = Roster.of(overview());
    const before = roster.revision;
    roster.apply(move('@bob:hs', 5, 'online'));
    expect(roster.revision).toBe(before);
    roster.apply(move('@bob:hs', 6, 'online'));
    expect(roster.revision).toBeGreaterThan(before);
  });
});

describe('the list', () => {
  const roster = Roster.of(overview());

  it('begins with who is most present', () => {
    expect(names(roster)).toEqual(['@alice:hs', '@bob:hs', '@carol:hs']);
  });

  it.each([
    [{ search: 'BOB' }, ['@bob:hs']],
    [{ search: ' lunch ' }, ['@bob:hs']],
    [{ search: 'nobody' }, []],
    [{ roomId: '!den:hs' }, ['@bob:hs']],
    [{ presence: 'offline' }, ['@carol:hs']],
    [{ presence: 'offline', search: 'alice' }, []],
  ])('follows the wish %j', (wish, expected) => {
    expect(names(roster, wish)).toEqual(expected);
  });

  it('counts who is there by room, the fullest first', () => {
    expect(roomCounts(roster)).toEqual([
      { roomId: '!tea:hs', joined: 3, present: 2 },
      { roomId: '!den:hs', joined: 1, present: 1 },
    ]);
  });
});

describe('what the server found', () => {
  const found = { search: 'dave', roomId: undefined, atTs: undefined, roster: Roster.of(overview()) };

  it('is shown only where the page was not told of everybody, and only for what is looked for now', () => {
    const model = newModel();
    model.live.replace(overview(true));
    model.found = found;
    expect(shownRoster(model)).toBe(model.live);
    model.search = 'dave';
    expect(shownRoster(model)).toBe(found.roster);
    model.roomId = '!tea:hs';
    expect(shownRoster(model)).toBe(model.live);
    model.roomId = undefined;
    model.live.replace(overview());
    expect(shownRoster(model)).toBe(model.live);
  });
});
