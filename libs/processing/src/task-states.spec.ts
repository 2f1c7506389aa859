// The drawn state machine and the declared one are the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { step, TRANSITIONS, type TaskState } from './task-states.js';

/** The arrows of the diagram: `a ──► b` on one line; `closing` is reached from every state above the bracket. */
function drawn(source: string): Set<string> {
  const lines = source.split('\n').filter((line) => line.startsWith('//   '));
  const arrows = new Set<string>();
  for (const line of lines) {
    const words = line
      .slice(2)
      .trim()
      .split(/ *──► */);
    for (let index = 1; index < words.length; index += 1) arrows.add(`${words[index - 1]} > ${words[index]}`);
  }
  const columns = lines.findIndex((line) => line.includes('└'));
  const joined = [...(lines[columns] ?? '')].filter((sign) => sign === '└' || sign === '┼' || sign === '┘').length;
  const bracketed = (lines[0] ?? '')
    .slice(2)
    .trim()
    .split(/ *──► */);
  if (joined === bracketed.length && (lines[columns + 1] ?? '').includes('▼'))
    for (const word of bracketed) arrows.add(`${word} > closing`);
  return arrows;
}

const declared = (): Set<string> =>
  new Set(Object.entries(TRANSITIONS).flatMap(([from, targets]) => targets.map((to) => `${from} > ${to}`)));
const source = readFileSync(join(process.cwd(), 'libs/processing/src/task-states.ts'), 'utf8');

describe('the states of a task', () => {
  it('are drawn as they are declared', () => {
    expect(drawn(source)).toEqual(declared());
  });

  it('are compared by something that sees a wrong drawing', () => {
    expect(drawn(source.replace('catching-up ──► live', 'live ──► catching-up'))).not.toEqual(declared());
    expect(drawn(source.replace('┼', '─'))).not.toEqual(declared());
  });

  it('are left only along an arrow', () => {
    const states = Object.keys(TRANSITIONS) as TaskState[];
    for (const from of states) {
      for (const to of states) {
        if (TRANSITIONS[from].includes(to)) expect(step(from, to)).toBe(to);
        else expect(() => step(from, to)).toThrow(`cannot go from ${from} to ${to}`);
      }
    }
  });
});
