// Joins what the compiler made, a file a source below dist/modules, into the programs that are run. They are named as their sources:
// `dist/apps/gateway/src/main.js` is the program of `apps/gateway/src/main.ts`. A process that finds its thousand modules one by one
// needs two seconds of CPU before it says a word; these need two fifths of it. Invariant: a module that asks for its place
// (`import.meta.url`) is told where its source would lie below dist.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { root } from './steps.mjs';

const dist = join(root, 'dist');
const modules = join(dist, 'modules');
const {
  scripts = {},
  dependencies = {},
  devDependencies = {},
} = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Of what the package declares, what comes in many small files. The rest is native, looks for its own files, or is small. */
const JOINED =
  /^(@nestjs\/.*|@sinclair\/typebox|rxjs|class-validator|class-transformer|kafkajs|prom-client|commander|yaml|jose|ora|cli-table3)$/;

const packageOf = (id) => id.split('/', id.startsWith('@') ? 2 : 1).join('/');

/** What a joined package needs itself is joined too: from dist, another version of it might be found. */
const staysOutside = (id) => {
  if (/^[./#]|^node:/.test(id)) return id.startsWith('node:');
  const name = packageOf(id);
  return !JOINED.test(name) && (name in dependencies || name in devDependencies);
};

const programs = () => {
  const named = Object.values(scripts).flatMap((script) => script.match(/(?<=\bdist\/)\S+\.js/g) ?? []);
  const found = readdirSync(modules, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /^apps\/[^/]+\/src\/(main|.*\/thread)\.js$/.test(path));
  return [...new Set([...named, ...found])].filter((path) => existsSync(join(modules, path)));
};

const ownModules = {
  name: 'own-modules',
  load(id) {
    if (!id.startsWith(modules) || !existsSync(`${id}.map`)) return null;
    const place = JSON.stringify(relative(modules, id).replaceAll('\\', '/'));
    const code = readFileSync(id, 'utf8').replaceAll('import.meta.url', `new URL(${place}, ROLLCALL_DIST).href`);
    return { code, map: JSON.parse(readFileSync(`${id}.map`, 'utf8')) };
  },
};

const bundle = await rolldown({
  cwd: root,
  platform: 'node',
  input: Object.fromEntries(programs().map((path) => [path.replace(/\.js$/, ''), join(modules, path)])),
  external: staysOutside,
  plugins: [ownModules],
  onLog(level, log) {
    // Packages offer to work with others that are not installed.
    const isOptional = log.code === 'UNRESOLVED_IMPORT' && !log.message.includes('dist/modules');
    if (level !== 'info' && level !== 'debug' && !isOptional) throw new Error(log.message);
  },
});
const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  sourcemap: true,
  sourcemapExcludeSources: true,
  comments: false,
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  banner: ({ fileName }) =>
    `const ROLLCALL_DIST = new URL(${JSON.stringify(`${relative(dirname(fileName), '.') || '.'}/`)}, import.meta.url);`,
});

// What an earlier build made and this one did not.
const made = new Set(output.map(({ fileName }) => join(dist, fileName)));
for (const folder of ['apps', 'libs', 'chunks'].map((name) => join(dist, name))) {
  if (!existsSync(folder)) continue;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    if (entry.isFile() && !made.has(path)) rmSync(path);
  }
}
