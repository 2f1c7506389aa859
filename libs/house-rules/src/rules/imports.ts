// Applies the whitelist to every import of every source, type imports and dynamic ones included. Invariant: a room is entered
// by its alias, an app by nobody but a composer, an adapter only where an app is composed.
import { posix } from 'node:path';
import ts from 'typescript';
import { type Finding, type Tree, isTest, roomOf } from '../tree.js';
import { type Allowance, adapters, testPackages, testRoom, whitelist } from './whitelist.js';

export interface Import {
  readonly specifier: string;
  readonly position: number;
  readonly typeOnly: boolean;
}

function clauseIsTypeOnly(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  return (
    clause.name === undefined &&
    names !== undefined &&
    ts.isNamedImports(names) &&
    names.elements.length > 0 &&
    names.elements.every((element) => element.isTypeOnly)
  );
}

/** Every import, export-from, `import()`, `require()` and `import('…').Type` of a source. */
export function importsOf(file: ts.SourceFile): readonly Import[] {
  const found: Import[] = [];
  const add = (literal: ts.Node | undefined, typeOnly: boolean): void => {
    if (literal && ts.isStringLiteralLike(literal)) {
      found.push({ specifier: literal.text, position: literal.getStart(file), typeOnly });
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) add(node.moduleSpecifier, clauseIsTypeOnly(node));
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node)) {
      const callee = node.expression;
      const isImport =
        callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require');
      if (isImport) add(node.arguments[0], false);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

const listed = (name: string, list: readonly string[]): boolean =>
  list.some((entry) => entry === name || (entry.endsWith('/*') && name.startsWith(entry.slice(0, -1))));

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

function judgeAlias(path: string, room: string, allowance: Allowance, found: Import): string | undefined {
  const [, group, name, deep] = /^#(libs|apps)\/([^/]+)(\/.*)?$/.exec(found.specifier) ?? [];
  if (group === undefined || name === undefined) return `unknown alias ${found.specifier}`;
  const target = `${group}/${name}`;
  if (deep !== undefined)
    return `deep path into ${target}: import #${target} and export what is missing from its index`;
  if (target === room) return `${room} imports itself by its alias: use a relative path`;
  if (target === 'libs/house-rules') return 'nobody imports house-rules';
  if (target === testRoom) {
    return isTest(path) || room === 'apps/simulator' ? undefined : 'libs/testing is for specs and the simulator only';
  }
  const open = allowance.rooms.includes(target) || allowance.rooms.includes(group);
  if (!open) {
    return group === 'apps'
      ? `${room} imports an app: only standalone, history and simulator compose other apps`
      : `${room} may not import ${target}; it may: ${allowance.rooms.join(', ') || 'nothing'}`;
  }
  if (adapters.includes(target) && room.startsWith('apps/') && !isTest(path) && !path.endsWith('.module.ts')) {
    return `an adapter is chosen where the app is composed: import ${target} in a *.module.ts`;
  }
  if (allowance.typesOnly?.includes(target) && !found.typeOnly && !isTest(path))
    return `${room} may import only types of ${target}: use import type`;
  return undefined;
}

function judgeRelative(path: string, room: string, { specifier }: Import): string | undefined {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (roomOf(target) !== room) return `${specifier} leaves the room: use the other room's alias`;
  if (!/\.(js|mjs|json|css)$/.test(specifier)) return `${specifier} needs its extension (.js)`;
  if (isTest(target.replace(/\.js$/, '.ts')) && !isTest(path) && !/\/src\/index\.ts$/.test(path))
    return `${specifier} is for tests`;
  return undefined;
}

function judgeImport(path: string, room: string, allowance: Allowance, found: Import): string | undefined {
  const { specifier } = found;
  if (specifier.startsWith('.')) return judgeRelative(path, room, found);
  if (specifier.startsWith('#')) return judgeAlias(path, room, allowance, found);
  if (specifier.startsWith('node:')) {
    return allowance.node || isTest(path) ? undefined : `${room} is pure: ${specifier} does not exist there`;
  }
  const name = packageOf(specifier);
  if (listed(name, allowance.packages) || (isTest(path) && listed(name, testPackages))) return undefined;
  return `${room} may not import the package ${name}; it may: ${allowance.packages.join(', ') || 'none'}`;
}

export function checkImports(tree: Tree): readonly Finding[] {
  const findings: Finding[] = [];
  for (const path of tree.sources) {
    const room = roomOf(path) ?? '';
    const allowance = whitelist[room];
    if (allowance === undefined) {
      findings.push({
        path,
        line: 1,
        rule: 'imports',
        message: `${room} is not in the whitelist of libs/house-rules/src/rules/whitelist.ts`,
      });
      continue;
    }
    for (const found of importsOf(tree.parsed(path))) {
      const message = judgeImport(path, room, allowance, found);
      if (message !== undefined) findings.push(tree.at(path, found.position, 'imports', message));
    }
  }
  return findings;
}
