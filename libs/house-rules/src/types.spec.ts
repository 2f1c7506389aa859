// The type check as a test: everything under the house's strict settings, the pure rooms once more in a world without Node.
// swc, which runs the tests, looks at no types. Planted programs show that each setting bites.
import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { readTree } from './tree.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const inRoot = (path: string): string => `${root}${path}`;

/** What `tsc` says about a project; empty = nothing. Built on what the last check left in the cache. */
const check = (project: string): Promise<string> =>
  new Promise((resolve) => {
    const cache = inRoot(`node_modules/.cache/rollcall/${project.replaceAll('/', '-')}.tsbuildinfo`);
    const args = [
      inRoot('node_modules/typescript/bin/tsc'),
      '--noEmit',
      '-p',
      inRoot(project),
      '--incremental',
      '--tsBuildInfoFile',
      cache,
    ];
    execFile(process.execPath, args, { cwd: root, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      resolve(error === null ? '' : `${stdout}${stderr}` || error.message);
    });
  });

const minutes = 60_000;
const pageProject = 'libs/house-rules/tsconfig.page.json';

/** Which of some planted files one program under a project's settings has something to say about. */
function caught(project: string, texts: readonly string[]): readonly boolean[] {
  const read = (path: string): string | undefined => ts.sys.readFile(path);
  const { config } = ts.readConfigFile(inRoot(project), read) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, inRoot('libs/house-rules'), {}, inRoot(project));
  const files = new Map(texts.map((text, index) => [inRoot(`libs/presence/src/planted-${index}.ts`), text]));
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (name) => files.has(name) || fileExists.call(host, name);
  host.readFile = (name) => files.get(name) ?? readFile.call(host, name);
  host.getSourceFile = (name, target) => {
    const text = files.get(name);
    return text === undefined ? getSourceFile.call(host, name, target) : ts.createSourceFile(name, text, target);
  };
  const program = ts.createProgram([...files.keys()], { ...options, noEmit: true, incremental: false }, host);
  return [...files.keys()].map((name) => ts.getPreEmitDiagnostics(program, program.getSourceFile(name)).length > 0);
}

const careless: readonly string[] = [
  'export const f = (a) => a;',
  'export const f = (a: readonly string[]): string => a[0];',
  'interface A { readonly b?: string }\nexport const a: A = { b: undefined };',
  'class A { m(): void {} }\nexport class B extends A { m(): void {} }',
  'export function f(a: number): number { let b = 0; switch (a) { case 1: b = 1; case 2: b = 2; } return b; }',
];

const nodeWords = [
  'process.pid',
  "Buffer.from('')",
  'setTimeout',
  'new TextDecoder()',
  'console',
  'performance',
  'crypto',
];
const impure: readonly string[] = [
  ...nodeWords.map((word) => `export const a: unknown = ${word};`),
  "import { join } from 'node:path';\nexport { join };",
];
const inPage = "export const a = document.querySelector('main');";
const pure = 'export const a: readonly number[] = [1, 2].toSorted();';

describe('types', () => {
  it(
    'hold everywhere',
    async () => {
      expect(await check('tsconfig.json')).toBe('');
    },
    5 * minutes,
  );

  it(
    'hold in the pure rooms without Node’s types',
    async () => {
      expect(await check('libs/house-rules/tsconfig.pure.json')).toBe('');
    },
    2 * minutes,
  );

  it(
    'hold in the page, with the types of browsers',
    async () => {
      expect(await check(pageProject)).toBe('');
    },
    2 * minutes,
  );

  it('are really looked at in every room', () => {
    const filesOf = (project: string): readonly string[] => {
      const { config } = ts.readConfigFile(inRoot(project), (path) => ts.sys.readFile(path)) as { config: object };
      return ts.parseJsonConfigFileContent(config, ts.sys, dirname(inRoot(project))).fileNames;
    };
    const names = ['tsconfig.json', pageProject].flatMap(filesOf);
    const looked = new Set(names.map((name) => name.slice(root.length)));
    expect(readTree(root).sources.filter((path) => !looked.has(path))).toEqual([]);
  });
});

describe('the settings', () => {
  const words = (texts: readonly string[], marks: readonly boolean[]): readonly string[] =>
    texts.filter((_text, index) => marks[index] === true);

  it(
    'catch what is careless',
    () => {
      expect(words(careless, caught('tsconfig.json', careless))).toEqual(careless);
    },
    minutes,
  );

  it(
    'catch what does not exist in the page, and only that',
    () => {
      const texts = ['export const a: unknown = process.pid;', "export const b: unknown = Buffer.from('');", inPage];
      expect(words(texts, caught(pageProject, texts))).toEqual(texts.slice(0, 2));
    },
    minutes,
  );

  it(
    'catch what does not exist in pure rooms, and only that',
    () => {
      const texts = [...impure, pure];
      expect(words(texts, caught('libs/house-rules/tsconfig.pure.json', texts))).toEqual(impure);
    },
    minutes,
  );
});
