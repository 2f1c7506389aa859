// Sizes: lines of functions and files, numbers of parameters. Tighter in pure rooms. Invariant: no comment switches a size off.
// The callbacks of `describe` and the bodies that only hold tests are chapters, not functions, and are not counted.
import ts from 'typescript';
import { type Finding, type Tree, isPure, isStyle, isTest } from '../tree.js';

const maxFileLines = { pure: 200, other: 400 };
const maxFunctionLines = { pure: 40, other: 70 };
const maxParameters = 4;

const testWords = new Set(['describe', 'it', 'test', 'beforeEach', 'afterEach', 'beforeAll', 'afterAll']);

function callsTestWord(node: ts.Node): boolean {
  if (!ts.isCallExpression(node)) return false;
  let callee: ts.Node = node.expression;
  while (ts.isPropertyAccessExpression(callee) || ts.isCallExpression(callee)) callee = callee.expression;
  return ts.isIdentifier(callee) && testWords.has(callee.text);
}

function holdsTests(body: ts.Node): boolean {
  const visit = (node: ts.Node): boolean => callsTestWord(node) || ts.forEachChild(node, visit) === true;
  return ts.forEachChild(body, visit) === true;
}

function nameOf(node: ts.SignatureDeclaration): string {
  if (node.name !== undefined) return node.name.getText();
  const { parent } = node;
  return ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent) ? parent.name.getText() : 'a function';
}

function checkFunction(tree: Tree, path: string, node: ts.FunctionLikeDeclaration): readonly Finding[] {
  const findings: Finding[] = [];
  const file = tree.parsed(path);
  const start = node.getStart(file);
  const lines = file.getLineAndCharacterOfPosition(node.end).line - file.getLineAndCharacterOfPosition(start).line + 1;
  const most = isPure(path) && !isTest(path) ? maxFunctionLines.pure : maxFunctionLines.other;
  if (lines > most && node.body !== undefined && !(isTest(path) && holdsTests(node.body))) {
    findings.push(
      tree.at(
        path,
        start,
        'function-size',
        `${nameOf(node)} has ${lines} lines, more than ${most}: split it by what it does`,
      ),
    );
  }
  const parameters = node.parameters.filter(({ name }) => name.getText(file) !== 'this').length;
  if (parameters > maxParameters) {
    const message = `${nameOf(node)} takes ${parameters} parameters, more than ${maxParameters}: take an options object`;
    findings.push(tree.at(path, start, 'parameters', message));
  }
  return findings;
}

function checkFile(tree: Tree, path: string): readonly Finding[] {
  const lines = tree.text(path).replace(/\n$/, '').split('\n').length;
  const most = isPure(path) ? maxFileLines.pure : maxFileLines.other;
  const message = `${lines} lines, more than ${most}: split the file by subject`;
  return lines > most ? [{ path, line: most + 1, rule: 'file-size', message }] : [];
}

export function checkSizes(tree: Tree): readonly Finding[] {
  const findings = [...tree.sources, ...tree.paths.filter(isStyle)].flatMap((path) => checkFile(tree, path));
  for (const path of tree.sources) {
    const visit = (node: ts.Node): void => {
      if (ts.isFunctionLike(node) && 'body' in node) findings.push(...checkFunction(tree, path, node));
      ts.forEachChild(node, visit);
    };
    visit(tree.parsed(path));
  }
  return findings;
}
