// Reproducible randomness for loads and simulations. Invariant: the same seed gives the same sequence on every
// machine (mulberry32, 32-bit integer arithmetic only).

export type Draw = () => number;

/** Numbers in [0, 1), by seed. */
export function seeded(seed: number): Draw {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
