// Runs the typed lint over some paths: one pass, one program. As a program it prints its findings as JSON, because jest's own
// module loader cannot load eslint's configuration. `node typed-lint.mjs ROOT CONFIG PATH …`
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root as ownRoot } from './steps.mjs';

/** Findings in the shape of every other rule's. `paths`: files and folders, from the root. */
export const typedLint = async (
  paths,
  root = ownRoot,
  config = join(ownRoot, 'libs/house-rules/eslint.config.mjs'),
) => {
  const { ESLint } = await import('eslint');
  const eslint = new ESLint({ cwd: root, overrideConfigFile: config, errorOnUnmatchedPattern: false });
  const results = await eslint.lintFiles(
    paths.map((path) => (path.endsWith('.ts') ? path : `${path.replace(/\/$/, '')}/**/*.ts`)),
  );
  return results.flatMap(({ filePath, messages }) =>
    messages.map(({ line, ruleId, message }) => ({
      path: relative(root, filePath),
      line,
      rule: ruleId ?? 'syntax',
      message,
    })),
  );
};

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === resolve(process.argv[1])) {
  const [root, config, ...paths] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(await typedLint(paths, root, config)));
}
