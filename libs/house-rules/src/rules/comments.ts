// What comments must and must not be: every source opens with one to six lines that say what it is; no code in comments, no
// banners, no emoji; unfinished work names its issue; nothing switches a check off. Strings are not comments.
import ts from 'typescript';
import { type Finding, type Tree, isStyle } from '../tree.js';

interface Comment {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** All comments of a source, each once, in order. */
export function commentsOf(file: ts.SourceFile): readonly Comment[] {
  const found = new Map<number, Comment>();
  const add = (start: number, end: number): void => {
    found.set(start, { start, end, text: file.text.slice(start, end) });
  };
  const visit = (node: ts.Node): void => {
    // A template's text begins inside the template: what looks like a comment there is none.
    if (node.kind !== ts.SyntaxKind.TemplateMiddle && node.kind !== ts.SyntaxKind.TemplateTail) {
      ts.forEachLeadingCommentRange(file.text, node.pos, add);
    }
    if (node.kind !== ts.SyntaxKind.TemplateHead && node.kind !== ts.SyntaxKind.TemplateMiddle) {
      ts.forEachTrailingCommentRange(file.text, node.end, add);
    }
    node.getChildren(file).forEach(visit);
  };
  visit(file);
  return [...found.values()].sort((a, b) => a.start - b.start);
}

const maxOpeningLines = 6;

function checkOpening(tree: Tree, path: string): readonly Finding[] {
  const text = tree.text(path).replace(/^#!.*\n/, '');
  const block = /^\/\*[\s\S]*?\*\//.exec(text)?.[0];
  const opening = block ?? /^(?:\/\/.*\n)+/.exec(text)?.[0].trimEnd();
  const rule = 'opening';
  if (opening === undefined) {
    return [
      {
        path,
        line: 1,
        rule,
        message: 'opens without a comment: say what the file is, its invariant, why it stands apart',
      },
    ];
  }
  const lines = opening.split('\n').length;
  return lines > maxOpeningLines
    ? [{ path, line: 1, rule, message: `opens with ${lines} lines, more than ${maxOpeningLines}` }]
    : [];
}

const codeShape = new RegExp(
  [
    String.raw`^(const|let|var)\s+[\w{[].*=.*`,
    String.raw`^(import|export)\s.*(from\s+['"]|[;{])`,
    String.raw`^(if|for|while|switch|catch)\s*\(.*\)\s*[{;]?.*[{;)]$`,
    String.raw`^(return|throw|await)\b[^.]*;$`,
    String.raw`^[\w.$\]\[]+\(.*\);$`,
    String.raw`^[\w.$\]\[]+\s*[-+*/]?=\s*[^=].*;$`,
    String.raw`^(\}|\}\s*else\s*\{|\}\);?|\);)$`,
  ].join('|'),
);

const linesOf = ({ text }: Comment): readonly string[] =>
  text.split('\n').map((line) =>
    line
      .replace(/^\s*(\/\/+|\/\*+|\*+\/?)\s?/, '')
      .replace(/\*\/\s*$/, '')
      .trim(),
  );

const exemption = /eslint-disable|@ts-(ignore|expect-error|nocheck)|prettier-ignore|(istanbul|c8) ignore/;
const emoji = /\p{Extended_Pictographic}/u;

function judgeLine(line: string): readonly (readonly [rule: string, message: string])[] {
  const found: (readonly [string, string])[] = [];
  if (/\bFIXME\b|\bXXX\b|\bHACK\b/.test(line))
    found.push(['fixme', 'mend it now, or open an issue and write TODO #number']);
  if (/\bTODO\b/.test(line) && !/\bTODO #\d+/.test(line)) found.push(['todo', 'a TODO needs its issue: TODO #number']);
  if (codeShape.test(line))
    found.push(['commented-code', `code in a comment: delete it, git remembers (${line.slice(0, 60)})`]);
  if (/^[-=*#~_/+]{4,}|[-=*#~_]{6,}$/.test(line))
    found.push(['banner', 'a banner: a file that needs chapters is two files']);
  if (exemption.test(line)) found.push(['exemptions', `switches a check off: ${line.slice(0, 80)}`]);
  return found;
}

export function checkComments(tree: Tree): readonly Finding[] {
  const findings: Finding[] = [];
  for (const path of tree.sources) {
    findings.push(...checkOpening(tree, path));
    const file = tree.parsed(path);
    for (const comment of commentsOf(file)) {
      const first = file.getLineAndCharacterOfPosition(comment.start).line + 1;
      linesOf(comment).forEach((line, index) => {
        for (const [rule, message] of judgeLine(line)) findings.push({ path, line: first + index, rule, message });
      });
      if (emoji.test(comment.text)) findings.push({ path, line: first, rule: 'emoji', message: 'words, not emoji' });
    }
  }
  for (const path of tree.paths.filter((name) => name.endsWith('.mjs') || isStyle(name)))
    findings.push(...checkOpening(tree, path));
  return findings;
}
