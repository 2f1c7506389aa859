// The table against a model that recomputes everything from plain sets after every record. Invariant under test: who is
// told of whom, who met, who parted, and that nobody who met is missed.
import fc from 'fast-check';
import { IntList, Interest, type InterestEffects, type Membership, type RoomPolicy } from './index.js';
import { LIMIT, NaiveModel, type Step } from './testing/naive-model.js';

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({
        kind: fc.constant('membership' as const),
        room: fc.nat(3),
        user: fc.nat(7),
        membership: fc.constantFrom<Membership>('join', 'join', 'join', 'leave', 'ban', 'invite', 'knock'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('policy' as const),
        room: fc.nat(3),
        policy: fc.constantFrom<RoomPolicy>('share', 'withhold'),
      }),
    },
  ),
  { maxLength: 80 },
);

class Told implements InterestEffects {
  met = (user: number, others: Int32Array, count: number): void =>
    void this.log.push(...this.#pairs('met', user, others, count));
  parted = (user: number, others: Int32Array, count: number): void =>
    void this.log.push(...this.#pairs('parted', user, others, count));
  opened = (room: number): void => void this.log.push(`opened ${room}`);
  closed = (room: number): void => void this.log.push(`closed ${room}`);
  log: string[] = [];

  #pairs(word: string, user: number, others: Int32Array, count: number): string[] {
    return [...others.subarray(0, count)].map((other) => `${word} ${Math.min(user, other)} ${Math.max(user, other)}`);
  }
}

function tableOf(): Interest {
  const table = new Interest({ maxRoomMembers: LIMIT });
  for (let user = 0; user < 8; user++) table.users.intern(`@${user}:hs`);
  for (let room = 0; room < 4; room++) table.rooms.intern(`!${room}:hs`);
  return table;
}

function run(table: Interest, step: Step): void {
  if (step.kind === 'policy') table.setPolicy(step.room, step.policy);
  else table.apply(step.room, step.user, step.membership);
}

function recipientsOf(table: Interest, user: number): number[] {
  const into = new IntList();
  const count = table.recipients(user, into);
  if (count !== into.length) throw new Error(`${count} recipients announced, ${into.length} given`);
  return [...into.taken()];
}

/** What the effects must say of a step, as far as they name pairs. */
function difference(before: ReadonlySet<string>, after: ReadonlySet<string>): string[] {
  const met = [...after].filter((pair) => !before.has(pair)).map((pair) => `met ${pair}`);
  const parted = [...before].filter((pair) => !after.has(pair)).map((pair) => `parted ${pair}`);
  return [...met, ...parted];
}

function checkTable(table: Interest, model: NaiveModel): void {
  const pairs = model.pairs();
  for (let user = 0; user < 8; user++) {
    const told = recipientsOf(table, user);
    for (let other = 0; other < user; other++) {
      const [own, others] = [user, other].map((one) =>
        table
          .roomsOf(one)
          .filter((room) => table.createsInterest(room))
          .join(),
      );
      if (own !== '' && own === others && told.join() !== recipientsOf(table, other).join())
        throw new Error(`${user} and ${other} have the same rooms and not the same list`);
    }
    const expected = [...Array(8).keys()].filter(
      (other) => other === user || pairs.has(`${Math.min(user, other)} ${Math.max(user, other)}`),
    );
    if (told.sort((a, b) => a - b).join() !== expected.join())
      throw new Error(`${user} is told of by ${told.join()}, not ${expected.join()}`);
    for (let other = 0; other < 8; other++) {
      if (table.sharesRoom(user, other) !== expected.includes(other))
        throw new Error(`whether ${user} and ${other} share a room`);
    }
  }
}

/** One step in both; returns a complaint, or undefined. */
function takeStep(table: Interest, model: NaiveModel, step: Step): string | undefined {
  const told = new Told();
  table.effects = told;
  const before = model.pairs();
  const openBefore = [0, 1, 2, 3].map((room) => model.open(room));
  run(table, step);
  model.apply(step);
  const moved = [0, 1, 2, 3].find((room) => model.open(room) !== openBefore[room]);
  const expected = difference(before, model.pairs());
  if (moved === undefined) return sameLines(told.log, expected);
  const word = model.open(moved) ? 'opened' : 'closed';
  return sameLines(told.log, [`${word} ${moved}`]);
}

function sameLines(told: readonly string[], expected: readonly string[]): string | undefined {
  const [one, other] = [[...told].sort().join(', '), [...expected].sort().join(', ')];
  return one === other ? undefined : `told ${one}; expected ${other}`;
}

it('agrees with the model on who is told of whom, and tells exactly who met and who parted', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const table = tableOf();
      const model = new NaiveModel();
      for (const step of history) {
        const complaint = takeStep(table, model, step);
        if (complaint !== undefined) throw new Error(complaint);
      }
      checkTable(table, model);
    }),
    { numRuns: 600 },
  );
});

it('ends in the same table when folded silently', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const table = tableOf();
      const model = new NaiveModel();
      for (const step of history) {
        run(table, step);
        model.apply(step);
      }
      checkTable(table, model);
    }),
    { numRuns: 200 },
  );
});

it('knows of everybody who shares nothing now and shared something before that they were apart', () => {
  fc.assert(
    fc.property(steps, (history) => {
      const table = tableOf();
      const model = new NaiveModel();
      const ever = new Set<string>();
      for (const step of history) {
        run(table, step);
        model.apply(step);
        const now = model.pairs();
        for (const pair of ever) {
          const [one, other] = pair.split(' ').map(Number) as [number, number];
          if (!now.has(pair) && !table.wasApart(one) && !table.wasApart(other)) throw new Error(`${pair} were apart`);
        }
        for (const pair of now) ever.add(pair);
      }
    }),
    { numRuns: 200 },
  );
});

it('the check notices a table that forgets a departure', () => {
  const table = tableOf();
  const model = new NaiveModel();
  const join = (user: number): Step => ({ kind: 'membership', room: 0, user, membership: 'join' });
  takeStep(table, model, join(1));
  takeStep(table, model, join(2));
  model.apply({ kind: 'membership', room: 0, user: 2, membership: 'leave' });
  expect(() => checkTable(table, model)).toThrow();
});
