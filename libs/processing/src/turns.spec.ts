// Works that take turns, and the take-overs that do.
import { SimulatedClock, turns } from '#libs/testing';
import { TaskHost } from './task-host.js';
import { toyLog, toySettings } from './testing/toy-fold.js';
import { Turns } from './turns.js';

/** What waits until it is told to go on. */
class Gates {
  readonly entered: number[] = [];
  readonly #open = new Map<number, () => void>();

  async pass(gate: number): Promise<void> {
    this.entered.push(gate);
    await new Promise<void>((open) => this.#open.set(gate, open));
  }

  async open(gate: number): Promise<void> {
    this.#open.get(gate)?.();
    await turns();
  }
}

test('so many work at a time, in the order in which they came, and whoever fails makes room as well', async () => {
  const gates = new Gates();
  const atMostTwo = new Turns(new SimulatedClock(0), { atOnce: 2, stallMs: 1_000 });
  const works = [0, 1, 2, 3].map((gate) =>
    atMostTwo.run(async () => {
      await gates.pass(gate);
      if (gate === 1) throw new Error('it failed');
      return gate;
    }),
  );
  const ended = Promise.allSettled(works);
  await turns();
  expect(gates.entered).toEqual([0, 1]);
  await gates.open(1);
  expect(gates.entered).toEqual([0, 1, 2]);
  await gates.open(2);
  await gates.open(0);
  await gates.open(3);
  expect((await ended).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  // All of them have left.
  expect(await Promise.all([5, 6].map((value) => atMostTwo.run(() => Promise.resolve(value))))).toEqual([5, 6]);
});

test('whoever stands still holds nobody up, and counts again when it has moved', async () => {
  const gates = new Gates();
  const clock = new SimulatedClock(0);
  const one = new Turns(clock, { atOnce: 1, stallMs: 1_000 });
  const move = new Map<number, () => void>();
  const works = [0, 1, 2, 3].map((gate) =>
    one.run(async (moved) => {
      move.set(gate, moved);
      await gates.pass(gate);
    }),
  );
  const to = (ms: number): Promise<void> => clock.runTo(ms, turns);
  await to(900);
  move.get(0)?.();
  await to(1_899);
  expect(gates.entered).toEqual([0]);
  await to(1_900);
  expect(gates.entered).toEqual([0, 1]);
  // The first still stands; whoever follows the second waits for nobody else.
  await gates.open(1);
  expect(gates.entered).toEqual([0, 1, 2]);
  await to(2_000);
  move.get(0)?.();
  await gates.open(2);
  expect(gates.entered).toEqual([0, 1, 2]);
  await gates.open(0);
  expect(gates.entered).toEqual([0, 1, 2, 3]);
  await gates.open(3);
  await Promise.all(works);
});

test('partitions are taken over two at a time, so that the first go on while others wait; one that is lost is passed over', async () => {
  const clock = new SimulatedClock(1_800_000_000_000);
  const log = await toyLog(clock.now, 4);
  const gates = new Gates();
  const read = log.read.bind(log);
  jest.spyOn(log, 'read').mockImplementation(async function* (topic, partition, from, to) {
    if (topic === 'registers') await gates.pass(partition);
    yield* read(topic, partition, from, to);
  });
  const host = new TaskHost(toySettings({ log, clock, limits: { restoredAtOnce: 2 } }));
  await host.start();
  await turns();
  const states = (): readonly string[] => host.health().map(({ partition, state }) => `${partition} ${state}`);
  expect(gates.entered).toEqual([0, 1]);
  host.revoked([2]);
  await gates.open(0);
  expect(states()).toEqual(['0 live', '1 restoring', '3 restoring']);
  expect(gates.entered).toEqual([0, 1, 3]);
  await gates.open(1);
  await gates.open(3);
  await clock.runTo(clock.nowMs() + 100, turns);
  expect(states()).toEqual(['0 live', '1 live', '3 live']);
  await host.stop();
});
