// The hooks by which Node runs our TypeScript sources; `source-loader.mjs` registers them. Transforms only, no type check. What was
// transformed once is kept in node_modules/.cache under its content's hash, so that a process starts fast. It stands apart because
// Node loads it into a thread of its own.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const OPTIONS = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};
const cache = fileURLToPath(new URL('../../../node_modules/.cache/rollcall-source/', import.meta.url));

const transform = (filename, source) => {
  // Loaded only when something changed: loading its native part takes a while.
  const { transformSync } = createRequire(import.meta.url)('@swc/core');
  return transformSync(source, { ...OPTIONS, filename }).code;
};

const transformed = (filename) => {
  const source = readFileSync(filename, 'utf8');
  const hash = createHash('sha256')
    .update(JSON.stringify([OPTIONS, filename, source]))
    .digest('hex');
  const kept = `${cache}${hash}.mjs`;
  if (existsSync(kept)) return readFileSync(kept, 'utf8');
  const code = transform(filename, source);
  mkdirSync(cache, { recursive: true });
  // Several processes may do this at once: a name of one's own, then one atomic step.
  const own = `${kept}.${process.pid}`;
  writeFileSync(own, code);
  renameSync(own, kept);
  return code;
};

export const resolve = (specifier, context, next) => {
  if (specifier.startsWith('.') && specifier.endsWith('.js') && context.parentURL !== undefined) {
    const source = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (source.protocol === 'file:' && existsSync(source)) return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
};

export const load = (url, context, next) => {
  if (!url.endsWith('.ts')) return next(url, context);
  return { format: 'module', source: transformed(fileURLToPath(url)), shortCircuit: true };
};
