// SQL texts cut into statements with the comment above each, which serves as its title. Invariant: a semicolon in a string, in a
// quoted name, in a dollar-quoted text or in a comment ends nothing.

export interface Statement {
  /** The lines of comment directly above, without their dashes; absent: there are none. */
  readonly title?: string;
  readonly sql: string;
}

/** Where the token that begins at `from` ends. */
function tokenEnd(text: string, from: number): number {
  const rest = text.slice(from, from + 64);
  const after = (mark: string, start: number): number => {
    const end = text.indexOf(mark, start);
    return end < 0 ? text.length : end + mark.length;
  };
  if (rest.startsWith('--')) return after('\n', from);
  if (rest.startsWith('/*')) return after('*/', from + 2);
  if (rest.startsWith("'") || rest.startsWith('"')) return after(rest[0] as string, from + 1);
  const dollar = /^\$[A-Za-z_]*\$/.exec(rest)?.[0];
  return dollar === undefined ? from + 1 : after(dollar, from + dollar.length);
}

const isComment = (token: string): boolean => token.startsWith('--') || token.startsWith('/*');

export function readStatements(text: string): readonly Statement[] {
  const statements: Statement[] = [];
  let sql = '';
  let comments: string[] = [];
  let isLineEmpty = true;
  const end = (): void => {
    const title = comments.join(' ').trim();
    if (sql.trim() !== '') statements.push({ sql: sql.trim(), ...(title !== '' && { title }) });
    sql = '';
    comments = [];
    isLineEmpty = false;
  };
  for (let from = 0; from < text.length;) {
    const to = tokenEnd(text, from);
    const token = text.slice(from, to);
    from = to;
    if (token === ';') end();
    else if (isComment(token)) {
      if (sql.trim() === '') comments.push(token.replace(/^--+|^\/\*+|\*\/$/g, '').trim());
      isLineEmpty = token.endsWith('\n');
      sql += isLineEmpty ? '\n' : ' ';
    } else {
      // An empty line parts a heading of the file from the comment above a statement.
      if (token === '\n' && isLineEmpty && sql.trim() === '') comments = [];
      isLineEmpty = token === '\n' || (isLineEmpty && token.trim() === '');
      sql += token;
    }
  }
  end();
  return statements;
}
