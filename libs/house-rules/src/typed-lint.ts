// Runs the typed lint over some paths. Invariant: one pass, one program; findings have the shape of every other rule's. It stands
// apart from the rules because it needs the packages, the types and tens of seconds.
import { join, relative } from 'node:path';
import { ESLint } from 'eslint';
import type { Finding } from './tree.js';

export interface LintOptions {
  readonly root: string;
  /** Files and folders, from the root. */
  readonly paths: readonly string[];
  /** Absent: the house's own. */
  readonly config?: string;
}

export async function typedLint({ root, paths, config }: LintOptions): Promise<readonly Finding[]> {
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: config ?? join(root, 'libs/house-rules/eslint.config.mjs'),
    errorOnUnmatchedPattern: false,
  });
  const patterns = paths.map((path) => (path.endsWith('.ts') ? path : `${path.replace(/\/$/, '')}/**/*.ts`));
  const results = await eslint.lintFiles(patterns);
  return results.flatMap(({ filePath, messages }) =>
    messages.map(({ line, ruleId, message }) => ({
      path: relative(root, filePath),
      line,
      rule: ruleId ?? 'syntax',
      message,
    })),
  );
}
