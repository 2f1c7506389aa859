// Waits end for one reason, and leave nothing behind.
import { SimulatedClock } from '#libs/testing';
import { Waiting, type Place } from './waiting.js';

function scene(max = 10): { clock: SimulatedClock; waiting: Waiting; sizes: number[] } {
  const clock = new SimulatedClock(0);
  const sizes: number[] = [];
  return { clock, sizes, waiting: new Waiting({ clock, maxPerUser: 2, max, onSize: (size) => sizes.push(size) }) };
}

function enter(waiting: Waiting, user = 'u', untilMs = Infinity): Place {
  const place = waiting.enter(user, untilMs);
  if (place === 'full') throw new Error('full');
  return place;
}

describe('a place', () => {
  it('ends when its time has come', () => {
    const { clock, waiting } = scene();
    const place = enter(waiting, 'u', 100);
    clock.advanceTo(99);
    expect(place.ended()).toBeUndefined();
    clock.advanceTo(100);
    expect([place.ended(), place.signal.aborted]).toEqual(['time', true]);
  });

  it('of the oldest ends when its user has one too many, and nobody else’s', () => {
    const { waiting } = scene();
    const [first, second, other] = [enter(waiting), enter(waiting), enter(waiting, 'v')];
    enter(waiting);
    expect([first, second, other].map((place) => place.ended())).toEqual(['full', undefined, undefined]);
  });

  it('ends when the gateway stops, and so does one that is entered afterwards', () => {
    const { waiting } = scene();
    const before = enter(waiting);
    waiting.stop();
    expect([before.ended(), enter(waiting).ended()]).toEqual(['stopping', 'stopping']);
  });

  it('keeps the first reason', () => {
    const { waiting } = scene();
    const place = enter(waiting);
    place.end('gone');
    waiting.stop();
    expect(place.ended()).toBe('gone');
  });

  it('left is free, once, and its timer gone', () => {
    const { clock, waiting, sizes } = scene(1);
    const place = enter(waiting, 'u', 100);
    expect(waiting.enter('v', 100)).toBe('full');
    place.leave();
    place.leave();
    expect([waiting.size, clock.nextWakeMs]).toEqual([0, Infinity]);
    expect(sizes).toEqual([1, 0]);
    expect(waiting.enter('v', 100)).not.toBe('full');
  });
});
