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
