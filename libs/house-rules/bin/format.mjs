// `npm run format [-- PATHS]`: rewrites sources in the house's layout (prettier.json). It stands apart so that nobody needs
// to know prettier's flags, and so that generated and foreign files are never touched.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root } from './steps.mjs';

const paths = process.argv.slice(2);
const args = ['--config', join(root, 'libs/house-rules/prettier.json'), '--write', '--log-level', 'warn'];
const chosen = paths.length > 0 ? paths : ['apps/**/*.{ts,css}', 'libs/**/*.{ts,mjs}'];
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/prettier/bin/prettier.cjs'), ...args, ...chosen],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
process.exitCode = status ?? 1;
