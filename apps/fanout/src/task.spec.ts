// The diagram in the task's file and the table of transitions say the same.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TRANSITIONS } from './task.js';

it('draws exactly the transitions that it takes', () => {
  const text = readFileSync(join(__dirname, 'task.ts'), 'utf8');
  const drawn = [...text.matchAll(/^\/\/ {3}(\w+) ──► ([\w, ]+?)$/gm)].map(([, from, to]) => [
    from,
    String(to).split(', '),
  ]);
  expect(drawn.length).toBeGreaterThan(0);
  expect(Object.fromEntries(drawn)).toEqual(
    Object.fromEntries(Object.entries(TRANSITIONS).filter(([, to]) => to.length > 0)),
  );
});
