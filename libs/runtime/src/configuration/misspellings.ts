// Variables that look like ours and are not: a name two slips away from one of ours, or ours without its unit. Invariant: only
// hints, never refusals, since the environment is shared with programs that have names of their own.

import type { Environment } from './read.js';

const SHORTEST_NAME = 7;

export function misspellings(environment: Environment, known: readonly string[]): string[] {
  const names = new Set(known);
  const hints: string[] = [];
  for (const given of Object.keys(environment)) {
    if (given.length < SHORTEST_NAME || names.has(given) || !/^[A-Za-z_]+$/.test(given)) continue;
    const meant = known.find((name) => isNear(given.toUpperCase(), name) && environment[name] === undefined);
    if (meant !== undefined) hints.push(`${given} is set but means nothing here; did you mean ${meant}?`);
  }
  return hints;
}

function isNear(given: string, name: string): boolean {
  if (name === `${given}_MS` || given === `ROLLCALL_${name}`) return true;
  const slips = name.length < 2 * SHORTEST_NAME ? 1 : 2;
  return Math.abs(given.length - name.length) <= slips && distance(given, name) <= slips;
}

/** Levenshtein. */
function distance(left: string, right: string): number {
  let above = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const change = (above[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(change, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[right.length] ?? 0;
}
