// The rules of semantics.md section 9 one by one, and the budgets: bytes a membership.
import { IntList, Interest, type InterestEffects, type Membership } from './index.js';
import { IntSets } from './int-sets.js';
import { Stamps } from './stamps.js';

interface Given {
  readonly table: Interest;
  readonly told: string[];
  apply(room: string, user: string, membership: Membership): void;
  recipients(user: string): string[];
}

function given(maxRoomMembers = 100): Given {
  const table = new Interest({ maxRoomMembers });
  const told: string[] = [];
  const name = (user: number): string => table.users.nameOf(user);
  const names = (others: Int32Array, count: number): string =>
    [...others.subarray(0, count)].map(name).sort().join('+');
  const effects: InterestEffects = {
    met: (user, others, count) => void told.push(`${name(user)} met ${names(others, count)}`),
    parted: (user, others, count) => void told.push(`${name(user)} parted from ${names(others, count)}`),
    opened: (room) => void told.push(`${table.rooms.nameOf(room)} opened`),
    closed: (room) => void told.push(`${table.rooms.nameOf(room)} closed`),
  };
  table.effects = effects;
  return {
    table,
    told,
    apply: (room, user, membership) => {
      table.apply(table.rooms.intern(room), table.users.intern(user), membership);
    },
    recipients: (user) => {
      const into = new IntList();
      table.recipients(table.users.intern(user), into);
      return [...into.taken()].map(name);
    },
  };
}

it('is always interested in itself', () => {
  expect(given().recipients('alice')).toEqual(['alice']);
});

it('counts only joined members', () => {
  const { apply, recipients, told } = given();
  apply('r', 'alice', 'join');
  for (const membership of ['invite', 'knock', 'ban', 'leave'] as const) apply('r', `bob-${membership}`, membership);
  expect(recipients('alice')).toEqual(['alice']);
  expect(told).toEqual([]);
});

it('tells a change to everybody once, however many rooms they share', () => {
  const { apply, recipients, told } = given();
  for (const room of ['r', 's', 't']) for (const user of ['alice', 'bob', 'carol']) apply(room, user, 'join');
  expect(recipients('bob').sort()).toEqual(['alice', 'bob', 'carol']);
  expect(told).toEqual(['bob met alice', 'carol met alice+bob']);
});

it('tells nothing new to those who share a room already, and parts them when the last one is gone', () => {
  const { apply, told } = given();
  for (const room of ['r', 's']) for (const user of ['alice', 'bob']) apply(room, user, 'join');
  apply('r', 'bob', 'leave');
  expect(told).toEqual(['bob met alice']);
  apply('s', 'alice', 'ban');
  expect(told).toEqual(['bob met alice', 'alice parted from bob']);
});

it('creates no interest in a withheld room, whichever is read first', () => {
  for (const first of ['policy', 'members'] as const) {
    const { apply, recipients, table } = given();
    const room = table.rooms.intern('r');
    if (first === 'policy') table.setPolicy(room, 'withhold');
    for (const user of ['alice', 'bob']) apply('r', user, 'join');
    table.setPolicy(room, 'withhold');
    expect(recipients('alice')).toEqual(['alice']);
    table.setPolicy(room, 'share');
    expect(recipients('alice').sort()).toEqual(['alice', 'bob']);
  }
});

it('ends interest quietly above the size limit and returns below 90 % of it', () => {
  const { apply, recipients, table, told } = given(10);
  for (let user = 0; user < 10; user++) apply('r', `u${user}`, 'join');
  expect(recipients('u0')).toHaveLength(10);
  told.length = 0;
  apply('r', 'one too many', 'join');
  expect(told).toEqual(['r closed']);
  expect(recipients('u0')).toEqual(['u0']);
  apply('r', 'u10', 'join');
  for (const user of ['u10', 'one too many', 'u9']) apply('r', user, 'leave');
  expect([table.memberCount(0), recipients('u0').length]).toEqual([9, 1]);
  apply('r', 'u8', 'leave');
  expect(told).toEqual(['r closed', 'r opened']);
  expect(recipients('u0')).toHaveLength(8);
});

it('gives the members of a room in slices, also when members leave between two slices', () => {
  const { apply, table } = given();
  for (let user = 0; user < 10; user++) apply('r', `u${user}`, 'join');
  const seen = new IntList();
  let from: number | undefined = 0;
  for (let slice = 0; from !== undefined; slice++) {
    from = table.membersFrom(0, from, 3, seen);
    if (slice === 0) apply('r', 'u4', 'leave');
  }
  expect([...seen.taken()]).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9]);
});

it('wipes the stamps when the generations are used up', () => {
  const stamps = new Stamps(2 ** 31 - 2);
  const sets = new IntSets();
  sets.add(0, 1);
  for (let round = 0; round < 4; round++) {
    const into = new IntList();
    stamps.begin(2);
    stamps.collect(sets, 0, into);
    stamps.collect(sets, 0, into);
    expect([...into.taken()]).toEqual([1]);
  }
});

/** Rooms by power law, a user in about ten of them, as a large deployment has them. */
function crowded(memberships: number): Interest {
  const table = new Interest({ maxRoomMembers: 10_000 });
  const users = memberships / 10;
  let seed = 7;
  const next = (): number => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let user = 0; user < users; user++) table.users.intern(`@${user}:hs`);
  for (let room = 0; table.memberships < memberships; room++) {
    table.rooms.intern(`!${room}:hs`);
    const size = Math.min(5_000, Math.floor(2 / Math.pow(1 - next(), 1 / 1.1)));
    for (let member = 0; member < size; member++) table.apply(room, Math.floor(next() * users), 'join');
  }
  return table;
}

it('needs at most 16 bytes a membership', () => {
  const table = crowded(400_000);
  const perMembership = table.bytes / table.memberships;
  console.info(
    `${table.memberships} memberships, ${table.rooms.size} rooms: ${perMembership.toFixed(2)} bytes a membership`,
  );
  expect(perMembership).toBeLessThanOrEqual(16);
});

it('knows the rooms of a user', () => {
  const { table, apply } = given();
  apply('r1', 'a', 'join');
  apply('r2', 'a', 'join');
  apply('r2', 'b', 'join');
  apply('r1', 'a', 'leave');
  const rooms = (user: string): string[] =>
    [...table.roomsOf(table.users.intern(user))].map((room) => table.rooms.nameOf(room));
  expect([rooms('a'), rooms('b'), rooms('c')]).toEqual([['r2'], ['r2'], []]);
});
