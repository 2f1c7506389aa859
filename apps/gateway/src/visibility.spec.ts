// How long a poll waits for its own claim: until it is seen, but not at all while the log is away.
import { SimulatedClock } from '#libs/testing';
import { MembershipsView, StatesView } from '#libs/views';
import { Visibility } from './visibility.js';

const MAX_VISIBLE_MS = 5_000;

function scene(isLogAway: boolean): { readonly clock: SimulatedClock; readonly visibility: Visibility } {
  const clock = new SimulatedClock(0);
  const visibility = new Visibility({
    clock,
    states: new StatesView({ partitions: 1 }),
    memberships: new MembershipsView({
      topics: { memberships: 'm', rooms: 'r' },
      partitions: { memberships: 1, rooms: 1 },
      maxRoomMembers: 10,
    }),
    maxVisibleMs: MAX_VISIBLE_MS,
    isLogAway: () => isLogAway,
  });
  return { clock, visibility };
}

const never = new Promise<undefined>(() => undefined);

it('of a claim is not waited for while the log is away', async () => {
  await expect(scene(true).visibility.ofClaim(never)).resolves.toBeUndefined();
});

it('of a claim is waited for otherwise, within a bound', async () => {
  const { clock, visibility } = scene(false);
  let isOver = false;
  const told = Promise.resolve({ partition: 0, offset: 7, timestampMs: 0 });
  const waiting = visibility.ofClaim(told).then(() => (isOver = true));
  await told;
  await new Promise((wake) => setImmediate(wake));
  clock.advanceTo(MAX_VISIBLE_MS - 1);
  await new Promise((wake) => setImmediate(wake));
  expect(isOver).toBe(false);
  clock.advanceTo(MAX_VISIBLE_MS);
  await waiting;
});

it('of a claim that the log does not answer is waited for within the same bound', async () => {
  const { clock, visibility } = scene(false);
  const waiting = visibility.ofClaim(never);
  clock.advanceTo(MAX_VISIBLE_MS);
  await expect(waiting).resolves.toBeUndefined();
});

it('of nothing said is not waited for', async () => {
  await expect(scene(false).visibility.ofClaim(undefined)).resolves.toBeUndefined();
});
