// The seam between Nest and the log, where such projects rot: no per-message handlers, no request and reply over topics, no
// circular injection, no catch that goes on as if nothing had happened.
import ts from 'typescript';
import { type Finding, type Tree, isTest } from '../tree.js';

const bannedNames: ReadonlyMap<string, string> = new Map([
  ['forwardRef', 'two providers that need each other are one, or three'],
  ['eachMessage', 'take batches: eachBatch'],
  ['MessagePattern', 'no request and reply over topics: @EventPattern'],
  ['ClientKafka', 'no request and reply over topics: write through the EventLog port'],
]);

const isBareReturn = (statement: ts.Statement | undefined): boolean =>
  statement !== undefined &&
  ts.isReturnStatement(statement) &&
  (statement.expression === undefined || statement.expression.getText() === 'undefined');

const hasComment = (block: ts.Node): boolean => /\/\/|\/\*/.test(block.getText());

/** Swallowed: the body is empty and says nothing, or its only statement returns nothing. */
function isSwallowing(body: ts.Block): boolean {
  if (body.statements.length === 0) return !hasComment(body);
  return body.statements.length === 1 && isBareReturn(body.statements[0]) && !hasComment(body);
}

function swallowsByMethod(node: ts.Node): boolean {
  if (
    !ts.isCallExpression(node) ||
    !ts.isPropertyAccessExpression(node.expression) ||
    node.expression.name.text !== 'catch'
  )
    return false;
  const handler = node.arguments[0];
  if (handler === undefined || !ts.isArrowFunction(handler)) return false;
  if (ts.isBlock(handler.body)) return isSwallowing(handler.body);
  return handler.body.getText() === 'undefined' || ts.isVoidExpression(handler.body);
}

export function checkSeam(tree: Tree): readonly Finding[] {
  const findings: Finding[] = [];
  for (const path of tree.sources) {
    const visit = (node: ts.Node): void => {
      if (ts.isIdentifier(node) && bannedNames.has(node.text)) {
        findings.push(tree.at(path, node.getStart(), 'seam', `${node.text}: ${bannedNames.get(node.text) ?? ''}`));
      }
      const swallows = (ts.isCatchClause(node) && isSwallowing(node.block)) || swallowsByMethod(node);
      if (swallows && !isTest(path)) {
        const message = 'a catch that goes on silently: handle it, tell it, or say in a comment why nothing is lost';
        findings.push(tree.at(path, node.getStart(), 'swallowed', message));
      }
      ts.forEachChild(node, visit);
    };
    visit(tree.parsed(path));
  }
  return findings;
}
