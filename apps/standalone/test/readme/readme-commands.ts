// The commands of a README: what stands in its fenced blocks of sh, bash and console, one command after the other, with what the
// README shows of its output. Invariant: bash itself says where a command ends; a line that belongs to none fails.
import { spawnSync } from 'node:child_process';

export interface ReadmeCommand {
  /** The heading that it stands under. */
  readonly section: string;
  /** Of the README, from 1. */
  readonly line: number;
  /** As it stands there, without the remark behind it. */
  readonly text: string;
  /** Lines of output that are shown; in them `…` stands for anything. */
  readonly shown: readonly string[];
}

const FENCE = /^```(\w*)/;
const SHOWN = '# → ';

interface Block {
  readonly section: string;
  readonly language: string;
  readonly firstLine: number;
  readonly lines: readonly string[];
}

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  let section = '';
  let open: { language: string; firstLine: number; lines: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = FENCE.exec(line);
    if (fence !== null && open === undefined) open = { language: fence[1] ?? '', firstLine: index + 2, lines: [] };
    else if (fence !== null && open !== undefined) {
      blocks.push({ section, ...open });
      open = undefined;
    } else if (open !== undefined) open.lines.push(line);
    else section = /^#+ (.+)$/.exec(line)?.[1] ?? section;
  }
  return blocks;
}

/** Whether bash would read on before it runs anything. */
function isWhole(text: string): boolean {
  if (/\\$/.test(text)) return false;
  return spawnSync('bash', ['-n'], { input: `${text}\n` }).status === 0;
}

export function readmeCommands(markdown: string): ReadmeCommand[] {
  return blocksOf(markdown).flatMap((block) => {
    if (block.language === 'console') return consoleCommands(block);
    return block.language === 'sh' || block.language === 'bash' ? shellCommands(block) : [];
  });
}

function shellCommands({ section, firstLine, lines }: Block): ReadmeCommand[] {
  const commands: (ReadmeCommand & { readonly shown: string[] })[] = [];
  let begun: { line: number; text: string } | undefined;
  for (const [index, line] of lines.entries()) {
    const at = firstLine + index;
    if (begun === undefined && line.startsWith(SHOWN)) {
      const last = commands.at(-1);
      if (last === undefined) throw new Error(`line ${at} shows the output of no command`);
      last.shown.push(line.slice(SHOWN.length));
    } else if (begun !== undefined || !/^\s*(#|$)/.test(line)) {
      begun = begun === undefined ? { line: at, text: line } : { line: begun.line, text: `${begun.text}\n${line}` };
      if (!isWhole(begun.text)) continue;
      commands.push({ section, line: begun.line, text: bare(begun.text), shown: [] });
      begun = undefined;
    }
  }
  if (begun !== undefined) throw new Error(`the command at line ${begun.line} never ends: ${begun.text}`);
  return commands;
}

/** A prompt begins a command; what follows without one is what it prints. */
function consoleCommands({ section, firstLine, lines }: Block): ReadmeCommand[] {
  const commands: (ReadmeCommand & { readonly shown: string[] })[] = [];
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('$ '))
      commands.push({ section, line: firstLine + index, text: bare(line.slice(2)), shown: [] });
    else if (line !== '') {
      const last = commands.at(-1);
      if (last === undefined) throw new Error(`line ${firstLine + index} is the output of no command`);
      last.shown.push(line);
    }
  }
  return commands;
}

/** Without the remark that follows it, two spaces apart; within quotes nothing is a remark. */
function bare(text: string): string {
  const remark = [...text.matchAll(/ {2,}# /g)].find(({ index }) => isWhole(text.slice(0, index)));
  return text.slice(0, remark?.index).trimEnd();
}

/** The lines shown that the output has not, in their order. */
export function missingLines(shown: readonly string[], output: string): string[] {
  const printed = output.split('\n').map((line) => line.trimEnd());
  let from = 0;
  return shown.filter((line) => {
    const pattern = new RegExp(`^${line.split('…').map(escaped).join('.*')}$`);
    const found = printed.findIndex((one, index) => index >= from && pattern.test(one));
    if (found >= 0) from = found + 1;
    return found < 0;
  });
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
