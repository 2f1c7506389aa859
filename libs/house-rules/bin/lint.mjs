// `npm run lint [-- libs/ROOM …]`: the rules of the house and the typed lint over some rooms or all, one line a finding. The
// rules are compiled here by themselves, so that a room can be linted while another one does not build.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './steps.mjs';
import { typedLint } from './typed-lint.mjs';

const { default: ts } = await import('typescript');
const sources = join(root, 'libs/house-rules/src');
const built = join(root, 'node_modules/.cache/rollcall/house-rules');
for (const name of readdirSync(sources, { recursive: true })) {
  if (!name.endsWith('.ts') || name.endsWith('.spec.ts')) continue;
  const out = join(built, name.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(out), { recursive: true });
  const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
  writeFileSync(out, ts.transpileModule(readFileSync(join(sources, name), 'utf8'), { compilerOptions }).outputText);
}
writeFileSync(join(built, 'package.json'), '{"type":"module"}');
const { findAll, showFinding } = await import(pathToFileURL(join(built, 'index.js')).href);

const args = process.argv.slice(2);
const rooms = args.filter((arg) => !arg.startsWith('--'));
const lines = [...findAll(root, rooms)];
if (!args.includes('--untyped')) {
  lines.push(...(await typedLint(rooms.length > 0 ? rooms : ['apps', 'libs'])).map(showFinding));
}
for (const line of lines) process.stdout.write(`${line}\n`);
const where = rooms.length > 0 ? ` in ${rooms.join(', ')}` : '';
process.stdout.write(`${lines.length} finding${lines.length === 1 ? '' : 's'}${where}\n`);
process.exitCode = lines.length > 0 ? 1 : 0;
