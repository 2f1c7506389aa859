// Jest over ESM sources in CommonJS mode: the one recipe that runs every Nest package, flag-free, on Node 20 and 24.
// swc does not type-check; `tsc --noEmit` is its own step. ESM-only packages are found by scanning node_modules.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
const modules = `${root}node_modules/`;
const names = readdirSync(modules).flatMap((name) =>
  name.startsWith('@') ? readdirSync(modules + name).map((inner) => `${name}/${inner}`) : [name],
);
const isEsm = (name) => {
  const file = `${modules}${name}/package.json`;
  return existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).type === 'module';
};

export default {
  rootDir: root,
  maxWorkers: 2,
  // What suites leave behind in a worker makes those after them slow: 4 s alone were 65 s in the whole run.
  workerIdleMemoryLimit: '500MB',
  // What tests print comes with their suite's line, and once.
  verbose: false,
  // A hung test is found by it; a slow machine must not be.
  testTimeout: 60_000,
  // One cache for the transforms, kept with the packages so that a fresh clone starts clean.
  cacheDirectory: `${modules}.cache/jest`,
  reporters: [fileURLToPath(new URL('bin/reporter.mjs', import.meta.url))],
  testRegex: '\\.spec\\.ts$',
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/data/'],
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['source', 'node', 'node-addons'] },
  transform: {
    '^.+\\.[cm]?[tj]s$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'commonjs' },
      },
    ],
  },
  transformIgnorePatterns: [`node_modules/(?!(${names.filter(isEsm).join('|')})/)`],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
};
