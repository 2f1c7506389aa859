// Names: kebab-case files, words of the field, none of those under which anything could hide. Each banned word comes with what
// to do instead. File, folder and class names are looked at; what is inside a function is its own business.
import ts from 'typescript';
import { type Finding, type Tree } from '../tree.js';

const bannedWords: ReadonlyMap<string, string> = new Map([
  ['common', 'name what the parts have in common, or move each to the room that owns it'],
  ['shared', 'name who shares it for what'],
  ['utils', 'name the one thing it does'],
  ['util', 'name the one thing it does'],
  ['helpers', 'name the one thing it does'],
  ['helper', 'name the one thing it does'],
  ['base', 'name the role, and prefer composition'],
  ['generic', 'name what it is generic over'],
  ['core', 'name the subject'],
  ['impl', 'name what distinguishes this implementation (embedded, kafka, memory)'],
  ['manager', 'name what it does: owner, pool, registry, schedule'],
  ['misc', 'split it by subject'],
  ['data', 'name what the data say'],
  ['info', 'name what is told: description, status, figures'],
]);

const wordsOf = (name: string): readonly string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);

function bannedIn(name: string): string | undefined {
  const word = wordsOf(name).find((candidate) => bannedWords.has(candidate));
  return word === undefined
    ? undefined
    : `${name}: the word "${word}" hides everything; ${bannedWords.get(word) ?? ''}`;
}

const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/;
const properNames = /^(README\.md|Dockerfile|LICENSE(\.[a-z]+)?|NOTICE|AsyncAPI\.json|\.[a-z].*)$/;

function checkPath(path: string): readonly Finding[] {
  const parts = path.split('/');
  const file = parts[parts.length - 1] ?? path;
  const findings: Finding[] = [];
  for (const part of parts.slice(1)) {
    const message = bannedIn(part);
    if (message !== undefined) findings.push({ path, line: 1, rule: 'banned-word', message });
    if (!kebab.test(part) && !properNames.test(part)) {
      findings.push({
        path,
        line: 1,
        rule: 'kebab-case',
        message: `${part}: files and folders are lower-case words joined by -`,
      });
    }
  }
  const suffix = /\.([a-z]+)\.ts$/.exec(file)?.[1];
  if (suffix !== undefined && !knownSuffixes.has(suffix)) {
    findings.push({
      path,
      line: 1,
      rule: 'suffix',
      message: `.${suffix}.ts is no kind of file here: ${[...knownSuffixes].join(', ')}`,
    });
  }
  return findings;
}

const knownSuffixes = new Set([
  'spec',
  'prop',
  'contract',
  'sim',
  'e2e',
  'module',
  'controller',
  'filter',
  'process',
  'd',
]);

export function checkNames(tree: Tree): readonly Finding[] {
  const findings: Finding[] = [];
  for (const path of tree.paths.filter((name) => /^(libs|apps)\//.test(name))) findings.push(...checkPath(path));
  for (const path of tree.sources) {
    const visit = (node: ts.Node): void => {
      const named =
        ts.isClassDeclaration(node) ||
        ts.isInterfaceDeclaration(node) ||
        ts.isTypeAliasDeclaration(node) ||
        ts.isEnumDeclaration(node);
      const message = named && node.name !== undefined ? bannedIn(node.name.text) : undefined;
      if (message !== undefined) findings.push(tree.at(path, node.getStart(), 'banned-word', message));
      ts.forEachChild(node, visit);
    };
    visit(tree.parsed(path));
  }
  return findings;
}
