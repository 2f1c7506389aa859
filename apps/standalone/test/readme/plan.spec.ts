// The plan covers the README: every command is tried or named with its reason, and nothing is named that is not there.
import { COMMANDS, LASTING, NOT_RUN, sectionsOf, SMALLER, TERMINALS } from './plan.js';

const texts = new Set(COMMANDS.map(({ text }) => text));

it('every section with commands is tried in a terminal, and every terminal has its section', () => {
  expect([...new Set(COMMANDS.map(({ section }) => section))].sort()).toEqual([...TERMINALS.keys()].sort());
  const tried = [...sectionsOf('embedded'), ...sectionsOf('kafka')].flatMap(([, commands]) => commands);
  expect(tried).toHaveLength(COMMANDS.length);
  expect(COMMANDS.length).toBeGreaterThan(30);
});

it.each([
  ['not run', NOT_RUN],
  ['smaller', SMALLER],
  ['lasting', LASTING],
])('what is listed as %s stands in the README', (_name, list) => {
  expect([...list.keys()].filter((text) => !texts.has(text))).toEqual([]);
});

it('few commands are not run', () => {
  expect(NOT_RUN.size).toBeLessThanOrEqual(1);
  expect(SMALLER.size).toBeLessThanOrEqual(1);
});
