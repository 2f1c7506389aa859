// The configuration reference as people, Markdown and programs read it. Invariant: everything in it comes from the code that
// reads the variables; a test holds the README's table to it.
import { VARIABLE_GROUPS, variableReference, type VariableEntry } from '#libs/runtime';

const defaultOf = ({ absent, absentWords }: VariableEntry): string | undefined => absent ?? absentWords;

export function referenceAsJson(): string {
  const variables = variableReference().map(({ name, group, means, allowed, relation, ...entry }) => ({
    name,
    group,
    default: entry.absent ?? null,
    ...(entry.absentWords === undefined ? {} : { when_absent: entry.absentWords }),
    means,
    allowed,
    ...(relation === undefined ? {} : { relation }),
  }));
  return `${JSON.stringify({ variables }, undefined, 2)}\n`;
}

export function referenceAsMarkdown(): string {
  const rows = variableReference().map((entry) => {
    const absent = entry.absent === undefined ? (entry.absentWords ?? '–') : `\`${entry.absent}\``;
    const relation = entry.relation === undefined ? '' : `; ${entry.relation}`;
    return `| \`${entry.name}\` | ${absent} | ${entry.means}${relation} | ${cell(entry.allowed)} |`;
  });
  return ['| variable | default | | allowed |', '|---|---|---|---|', ...rows, ''].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

export function referenceAsText(): string {
  const entries = variableReference();
  return VARIABLE_GROUPS.map((group) => {
    const lines = entries.filter((entry) => entry.group === group).map(paragraph);
    return `${group}\n\n${lines.join('\n')}`;
  }).join('\n');
}

function paragraph(entry: VariableEntry): string {
  const absent = defaultOf(entry);
  const head = `  ${entry.name}${absent === undefined ? '' : `  (default: ${absent.replaceAll('`', '')})`}`;
  const relation = entry.relation === undefined ? '' : `; ${entry.relation}`;
  return `${head}\n      ${`${entry.means}${relation}`.replaceAll('`', '')}.\n      Allowed: ${entry.allowed}.\n`;
}
