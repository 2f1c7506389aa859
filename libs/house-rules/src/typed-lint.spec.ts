// The typed lint over everything, and over a planted project in which every line breaks one rule.
import { execFile } from 'node:child_process';
import { mkdtempSync, mkdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { showFinding } from './rules/index.js';
import type { Finding } from './tree.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const minutes = 60_000;

const ownConfig = join(root, 'libs/house-rules/eslint.config.mjs');

const typedLint = (folder: string, config: string, paths: readonly string[]): Promise<readonly Finding[]> =>
  new Promise((resolve, reject) => {
    const args = [join(root, 'libs/house-rules/bin/typed-lint.mjs'), folder, config, ...paths];
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error === null) resolve(JSON.parse(stdout) as Finding[]);
      else reject(new Error(stderr));
    });
  });

const planted: readonly (readonly [rule: string, text: string])[] = [
  ['no-floating-promises', 'export function f(p: Promise<void>): void { p; }'],
  ['no-floating-promises', 'export function f(p: Promise<void>): void { void p; }'],
  ['no-misused-promises', 'export function f(p: Promise<boolean>): number { if (p) return 1; return 0; }'],
  [
    'no-misused-promises',
    'export function f(list: string[]): void { list.forEach(async () => { await Promise.resolve(); }); }',
  ],
  ['await-thenable', 'export async function f(a: number): Promise<void> { await a; }'],
  [
    'switch-exhaustiveness-check',
    "export function f(a: 'x' | 'y'): number { switch (a) { case 'x': return 1; } return 0; }",
  ],
  ['no-explicit-any', 'export const f = (a: any): unknown => a;'],
  ['no-unsafe-member-access', "export const f = (): unknown => JSON.parse('1').b;"],
  [
    'no-unsafe-argument',
    "export const g = (b: string): string => b; export const f = (): string => g(JSON.parse('1'));",
  ],
  ['only-throw-error', "export function f(): never { throw 'x'; }"],
  ['no-unused-vars', 'const left = 1; export {};'],
  ['consistent-type-imports', "import { Stats } from 'node:fs'; export const f = (a: Stats): Stats => a;"],
  ['unbound-method', 'export const f = (a: Map<string, string>): unknown => a.get;'],
  ['eqeqeq', 'export const f = (a: unknown): boolean => a == 1;'],
  ['no-restricted-syntax', "export enum Colour { Red = 'red' }"],
];

describe('the typed lint', () => {
  it(
    'finds nothing',
    async () => {
      expect((await typedLint(root, ownConfig, ['apps', 'libs'])).map(showFinding)).toEqual([]);
    },
    15 * minutes,
  );

  it(
    'finds every planted violation',
    async () => {
      const folder = realpathSync(mkdtempSync(join(tmpdir(), 'rollcall-planted-')));
      try {
        mkdirSync(join(folder, 'src'));
        planted.forEach(([, text], index) => writeFileSync(join(folder, `src/planted-${index}.ts`), `${text}\n`));
        symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
        writeFileSync(
          join(folder, 'tsconfig.json'),
          JSON.stringify({
            extends: join(root, 'tsconfig.json'),
            compilerOptions: { rootDir: '.', types: ['node'] },
            include: ['src/*.ts'],
          }),
        );
        writeFileSync(
          join(folder, 'eslint.config.mjs'),
          `import { lintOf } from ${JSON.stringify(join(root, 'libs/house-rules/eslint.config.mjs'))};\nexport default lintOf(${JSON.stringify(folder)}, './tsconfig.json');\n`,
        );
        const findings = await typedLint(folder, join(folder, 'eslint.config.mjs'), ['src']);
        const rulesOf = (index: number): readonly string[] =>
          findings
            .filter(({ path }) => path === `src/planted-${index}.ts`)
            .map(({ rule }) => rule.replace('@typescript-eslint/', ''));
        expect(planted.map(([rule], index) => [rule, rulesOf(index).includes(rule)])).toEqual(
          planted.map(([rule]) => [rule, true]),
        );
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    2 * minutes,
  );
});
