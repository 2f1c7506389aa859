// How the specs of the rules plant violations: a tiny tree in, the rules that found something out. Words that rules look for
// are put together here, because the specs are themselves looked at.
import { plantedTree, type Finding } from '../tree.js';
import type { Rule } from './index.js';

export const opening = '// A planted file, which opens as it should.\n';

/** What a rule finds in a tree: `path:line rule`. */
export const found = (check: Rule, texts: Readonly<Record<string, string>>): readonly string[] =>
  check(plantedTree(texts)).map(({ path, line, rule }: Finding) => `${path}:${line} ${rule}`);

/** What a rule finds in one source, as rule names. */
export const foundIn = (check: Rule, path: string, text: string): readonly string[] =>
  check(plantedTree({ [path]: text })).map(({ rule }) => rule);
