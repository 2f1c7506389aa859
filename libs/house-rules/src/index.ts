// Everything that the house finds in a checkout, for `npm run lint`; the specs run the same rules one by one. Nobody imports
// this room: it looks at all the others.
import { readdirSync } from 'node:fs';
import { rules, showFinding } from './rules/index.js';
import { checkTopLevel } from './rules/layout.js';
import { readTree } from './tree.js';

/** What the rules about texts find below some paths, as lines; no paths = everything, the top level included. */
export function findAll(root: string, paths: readonly string[]): readonly string[] {
  const tree = readTree(root);
  const inside = (path: string): boolean =>
    paths.length === 0 || paths.some((prefix) => path === prefix || path.startsWith(`${prefix.replace(/\/$/, '')}/`));
  const found = Object.values(rules).flatMap((check) => check(tree));
  if (paths.length === 0) found.push(...checkTopLevel(readdirSync(root)));
  return found.filter(({ path }) => inside(path)).map(showFinding);
}

export { showFinding };
