// When two clocks are proven to differ, and when a slow network only looks like it.
import { ClockDifference } from './clock-difference.js';

describe('the difference of clocks', () => {
  it('is nothing while stamps lie between asking and answer', () => {
    const difference = new ClockDifference();
    difference.stamped(1_050, 1_000, 1_400);
    difference.read(1_000, 90_000);
    expect(difference.largestMs).toBe(0);
  });

  it('is proven by stamps before the asking and after the answer, and keeps the largest', () => {
    const difference = new ClockDifference();
    difference.stamped(930, 1_000, 1_400);
    expect(difference.largestMs).toBe(70);
    difference.stamped(1_500, 1_000, 1_400);
    expect(difference.largestMs).toBe(100);
    difference.stamped(990, 1_000, 1_400);
    expect(difference.largestMs).toBe(100);
  });

  it('is proven by a record from the future', () => {
    const difference = new ClockDifference();
    difference.read(2_000, 1_700);
    expect(difference.largestMs).toBe(300);
  });
});
