// The house, checked: every rule over every committed text. Invariant: a finding names the file, the line and what to do; what
// each rule catches is proven by the planted violations in the specs beside the rules.
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { rules, showFinding } from './rules/index.js';
import { checkTopLevel } from './rules/layout.js';
import { type Finding, readTree } from './tree.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const tree = readTree(root);

/** Comments that switch a check off. The number only goes down. */
const allowedExemptions = 0;

const isExemption = ({ rule }: Finding): boolean => rule === 'exemptions';

describe('the house', () => {
  it('is really looked at', () => {
    expect(tree.sources.length).toBeGreaterThan(100);
    expect(tree.has('libs/house-rules/src/house.spec.ts')).toBe(true);
  });

  it.each(Object.entries(rules))('%s', (_name, check) => {
    expect(
      check(tree)
        .filter((finding) => !isExemption(finding))
        .map(showFinding),
    ).toEqual([]);
  });

  it('has exactly its top level', () => {
    expect(checkTopLevel(readdirSync(root)).map(showFinding)).toEqual([]);
  });

  it(`switches checks off ${allowedExemptions} times, and never more often`, () => {
    const found = Object.values(rules)
      .flatMap((check) => check(tree))
      .filter(isExemption)
      .map(showFinding);
    expect({ count: found.length, found }).toEqual({
      count: allowedExemptions,
      found: found.slice(0, allowedExemptions),
    });
  });
});
