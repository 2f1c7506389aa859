// The simulated town as numbers: the same seed gives the same people and the same day, and in a day everything happens.
import { Draw } from './draw.js';
import { nextDeed, residentsOf, type Whereabouts } from './residents.js';

const dayOf = (seed: number, deeds: number): string[] => {
  const draw = new Draw(seed);
  let at: Whereabouts = 'out';
  return Array.from({ length: deeds }, () => {
    const { deed, then } = nextDeed(draw, at);
    at = then;
    return `${JSON.stringify(deed)} ${then}`;
  });
};

describe('the town', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(residentsOf(new Draw(7), 48)).toEqual(residentsOf(new Draw(7), 48));
    expect(dayOf(7, 50)).toEqual(dayOf(7, 50));
    expect(dayOf(8, 50)).not.toEqual(dayOf(7, 50));
  });

  it('has as many people as it should, each with a name of their own and one or two places', () => {
    const residents = residentsOf(new Draw(7), 48);
    expect(new Set(residents.map(({ userId }) => userId)).size).toBe(48);
    for (const { roomIds } of residents) {
      expect([1, 2]).toContain(roomIds.length);
      expect(new Set(roomIds).size).toBe(roomIds.length);
    }
  });

  it('sees every kind of deed in a day, and nobody does what they cannot do where they are', () => {
    const day = dayOf(7, 2_000);
    for (const word of ['arrive', 'leave', 'act', 'busy', 'unavailable', 'offline']) expect(day.join()).toContain(word);
    const draw = new Draw(3);
    for (let time = 0; time < 200; time++) {
      expect(nextDeed(draw, 'out').deed.kind).toBe('arrive');
      expect(nextDeed(draw, 'here').deed.kind).not.toBe('arrive');
    }
  });
});
