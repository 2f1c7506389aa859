// The shape of the repository: the top level, a README in every room, exact versions. It stands apart from the rules about
// sources because here the absence of a file is a finding.
import { type Finding, type Tree, roomOf } from '../tree.js';

export const topLevel: readonly string[] = [
  '.ci',
  '.gitignore',
  '.npmrc',
  'README.md',
  'apps',
  'docker-compose.yml',
  'libs',
  'nest-cli.json',
  'package-lock.json',
  'package.json',
  'tsconfig.json',
];

/** Ignored by git; made by set-up and by running. */
const ignored = new Set(['.git', 'node_modules', 'dist', 'data']);

/** `names`: what really lies at the top, textual or not. */
export function checkTopLevel(names: readonly string[]): readonly Finding[] {
  const finding = (path: string, message: string): Finding => ({ path, line: 1, rule: 'top-level', message });
  const extra = names.filter((name) => !topLevel.includes(name) && !ignored.has(name));
  const missing = topLevel.filter((name) => !names.includes(name));
  return [
    ...extra.map((name) =>
      finding(
        name,
        'does not belong at the top: tool configuration lives in libs/house-rules, deployment files in apps/<app>/deploy',
      ),
    ),
    ...missing.map((name) => finding(name, 'is missing at the top')),
  ];
}

const maxReadmeLines = 30;

export function checkReadmes(tree: Tree): readonly Finding[] {
  const rooms = new Set(tree.paths.map(roomOf).filter((room) => room !== undefined));
  return [...rooms].flatMap((room): readonly Finding[] => {
    const path = `${room}/README.md`;
    if (!tree.has(path))
      return [
        { path, line: 1, rule: 'room-readme', message: 'is missing: purpose, invariants, what the room may import' },
      ];
    const lines = tree.text(path).trimEnd().split('\n').length;
    const message = `${lines} lines, more than ${maxReadmeLines}`;
    return lines > maxReadmeLines ? [{ path, line: maxReadmeLines + 1, rule: 'room-readme', message }] : [];
  });
}

interface Declared {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const versionsOf = (declared: Declared | undefined): ReadonlyMap<string, string> =>
  new Map(Object.entries({ ...declared?.dependencies, ...declared?.devDependencies }));

export function checkVersions(tree: Tree): readonly Finding[] {
  const path = 'package.json';
  const finding = (message: string): Finding => ({ path, line: 1, rule: 'versions', message });
  const declared = versionsOf(JSON.parse(tree.text(path)) as Declared);
  const lock = JSON.parse(tree.text('package-lock.json')) as { packages?: Readonly<Record<string, Declared>> };
  const locked = versionsOf(lock.packages?.['']);
  const names = new Set([...declared.keys(), ...locked.keys()]);
  return [...names].flatMap((name) => {
    const version = declared.get(name);
    if (version !== locked.get(name))
      return [
        finding(
          `${name}: package.json says ${version ?? 'nothing'}, the lock file ${locked.get(name) ?? 'nothing'}: npm install`,
        ),
      ];
    const exact = version !== undefined && /^(npm:.+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version);
    return exact ? [] : [finding(`${name}: ${version ?? ''} is no exact version`)];
  });
}

const neededScripts: readonly string[] = [
  ...['start', 'start:gateway', 'start:aggregator', 'start:fanout', 'start:bridge', 'rollcall', 'scenarios', 'bench', 'kafka'],
  ...['test', 'test:soak', 'lint', 'format'],
];

const setUp = 'exec node libs/house-rules/bin/set-up.mjs ';

/** Every script sets up what it needs and starts a file that there is; no text names a script that there is not. */
export function checkScripts(tree: Tree): readonly Finding[] {
  const finding = (path: string, message: string, line = 1): Finding => ({ path, line, rule: 'scripts', message });
  const { scripts = {} } = JSON.parse(tree.text('package.json')) as { scripts?: Readonly<Record<string, string>> };
  const findings = neededScripts
    .filter((name) => scripts[name] === undefined)
    .map((name) => finding('package.json', `the script ${name} is missing`));
  for (const [name, command] of Object.entries(scripts)) {
    const file = command.startsWith(setUp) ? (command.slice(setUp.length).split(' ')[0] ?? '') : undefined;
    if (file === undefined) findings.push(finding('package.json', `${name} does not begin with ${setUp.trim()}`));
    else if (!tree.has(file.replace(/^dist\/(.*)\.js$/, '$1.ts')))
      findings.push(finding('package.json', `${name} starts ${file}, which is built from nothing`));
  }
  for (const path of tree.paths.filter((name) => /\.(md|ts|mjs|ya?ml)$|^\.ci\//.test(name))) {
    tree
      .text(path)
      .split('\n')
      .forEach((text, index) => {
        for (const [, name = ''] of text.matchAll(/\bnpm run (?:-s )?([a-z][a-z:]*)/g)) {
          if (scripts[name] === undefined)
            findings.push(finding(path, `npm run ${name}: there is no such script`, index + 1));
        }
      });
  }
  if (!/^export CI=true\n(exec )?npm test$/m.test(tree.text('.ci/run')))
    findings.push(finding('.ci/run', 'must run npm test with CI=true, all of it'));
  return findings;
}
