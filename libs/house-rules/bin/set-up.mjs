// Brings a checkout to where a program can run, then runs it: `node set-up.mjs FILE [ARGUMENTS]`. What lies under dist/ needs
// packages and a build, anything else packages only; each step is skipped when nothing that it reads has changed. Invariant:
// standard output belongs to the program. It stands apart because it must run before anything is installed.
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { resolve, sep } from 'node:path';
import { buildIfStale, installIfStale, root } from './steps.mjs';

const [target, ...rest] = process.argv.slice(2);
if (target === undefined) {
  process.stderr.write('usage: node libs/house-rules/bin/set-up.mjs FILE [ARGUMENTS]\n');
  process.exit(2);
}
const file = resolve(root, target);
await installIfStale();
if (file.startsWith(resolve(root, 'dist') + sep)) {
  await buildIfStale();
  process.setSourceMapsEnabled(true);
}
if (!existsSync(file)) {
  process.stderr.write(
    `${target} does not exist: nothing was built there. The scripts of package.json name the file to run.\n`,
  );
  process.exit(1);
}
// The program runs in this very process, so that arguments, signals and exit codes are its own.
process.argv = [process.argv[0], file, ...rest];
await import(pathToFileURL(file).href);
