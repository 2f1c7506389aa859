// No clock and no randomness where the domain is decided: time and chance come in as parameters, so that a replay gives what
// happened. The message says what to take instead. Types alone cannot see `Date.now()`, which is part of the language.
import ts from 'typescript';
import { type Finding, type Tree, isPure, isTest, roomOf } from '../tree.js';

const timed = new Set(['libs/processing', 'libs/views']);

const replacements: ReadonlyMap<string, string> = new Map([
  ['Date.now', 'take nowMs as a parameter'],
  ['Date.parse', 'times are integer milliseconds'],
  ['Math.random', 'take a source of randomness as a parameter'],
  ['performance.now', 'take nowMs as a parameter'],
  ['crypto.randomUUID', 'take the id as a parameter'],
  ['crypto.getRandomValues', 'take a source of randomness as a parameter'],
  ['new Date', 'take nowMs as a parameter'],
]);

const pureOnly: ReadonlyMap<string, string> = new Map([
  ['setTimeout', 'return the next deadline and let the caller wait'],
  ['setInterval', 'return the next deadline and let the caller wait'],
  ['setImmediate', 'return, and let the caller go on'],
  ['queueMicrotask', 'return, and let the caller go on'],
  ['process', 'take the value as a parameter'],
  ['globalThis', 'take the value as a parameter'],
]);

function judge(node: ts.Node, pure: boolean): string | undefined {
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText();
    const replacement = replacements.get(text);
    if (replacement !== undefined) return `${text}: ${replacement}`;
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0) {
    return `new Date(): ${replacements.get('new Date') ?? ''}`;
  }
  if (pure && ts.isIdentifier(node) && pureOnly.has(node.text)) {
    const { parent } = node;
    const isMember =
      (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
      (ts.isPropertyAssignment(parent) && parent.name === node);
    if (!isMember && (ts.isCallExpression(parent) || ts.isPropertyAccessExpression(parent)))
      return `${node.text}: ${pureOnly.get(node.text) ?? ''}`;
  }
  return undefined;
}

export function checkPurity(tree: Tree): readonly Finding[] {
  const findings: Finding[] = [];
  for (const path of tree.sources) {
    const pure = isPure(path);
    if (isTest(path) || !(pure || timed.has(roomOf(path) ?? ''))) continue;
    const visit = (node: ts.Node): void => {
      const message = judge(node, pure);
      if (message !== undefined) findings.push(tree.at(path, node.getStart(), 'purity', message));
      ts.forEachChild(node, visit);
    };
    visit(tree.parsed(path));
  }
  return findings;
}
