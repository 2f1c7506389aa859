// Everything that the house finds in a checkout, for `npm run lint`; the specs run the same rules one by one. Nobody imports
// this room: it looks at all the others.
import { readdirSync } from 'node:fs';
import { rules, showFinding } from './rules/index.js';
import { checkTopLevel } from './rules/layout.js';
import { readTree } from './tree.js';
import { typedLint } from './typed-lint.js';

export interface FindOptions {
  readonly root: string;
  /** Rooms, folders or files; none = everything. */
  readonly paths: readonly string[];
  readonly typed: boolean;
}

/** One line per finding. */
export async function findAll({ root, paths, typed }: FindOptions): Promise<readonly string[]> {
  const tree = readTree(root);
  const inside = (path: string): boolean =>
    paths.length === 0 || paths.some((prefix) => path === prefix || path.startsWith(`${prefix.replace(/\/$/, '')}/`));
  const found = Object.values(rules).flatMap((check) => check(tree));
  if (paths.length === 0) found.push(...checkTopLevel(readdirSync(root)));
  if (typed) found.push(...(await typedLint({ root, paths: paths.length === 0 ? ['apps', 'libs'] : paths })));
  return found.filter(({ path }) => inside(path)).map(showFinding);
}
