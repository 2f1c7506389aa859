// A terminal of a newcomer: one bash, in a checkout of its own, that keeps variables from command to command. Invariant: what is
// written lands in that checkout; a command that goes on by itself is ended by what Ctrl-C sends, and everything is gone
// when the terminal is closed.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '#libs/testing';

export interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What git does not hold, but for what installing and building leaves behind. */
const LEFT_OUT = ['.git', 'data'];

const PATIENCE_MS = 240_000;
const LOOK_EVERY_MS = 20;

/** Everything of the repository, in a folder that may be written to. */
export function freshCheckout(): { readonly folder: string; readonly remove: () => void } {
  const above = mkdtempSync(join(tmpdir(), 'rollcall-readme-'));
  const folder = join(above, 'rollcall');
  mkdirSync(folder);
  const root = repositoryRoot();
  for (const name of readdirSync(root)) if (!LEFT_OUT.includes(name)) symlinkSync(join(root, name), join(folder, name));
  return {
    folder,
    remove: () => {
      rmSync(above, { recursive: true, force: true });
    },
  };
}

export class Terminal {
  readonly #bash: ChildProcess;
  #stdout = '';
  #stderr = '';
  #commands = 0;
  readonly #lasting = new Map<string, number>();

  constructor(
    readonly folder: string,
    environment: Readonly<Record<string, string>>,
  ) {
    const { PATH = '', HOME = '' } = process.env;
    this.#bash = spawn('bash', ['--noprofile', '--norc'], {
      cwd: folder,
      env: { PATH, HOME, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#bash.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text));
    this.#bash.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#bash.stdin?.on('error', () => undefined);
    // Each command that goes on gets a group of its own, as on a terminal.
    this.#bash.stdin?.write('set -m\n');
  }

  /** Runs a command to its end. */
  async run(text: string): Promise<Printed> {
    this.#commands += 1;
    const mark = `=== ${this.#commands} ended with`;
    const [from, fromError] = [this.#stdout.length, this.#stderr.length];
    this.#bash.stdin?.write(`{\n${text}\n} </dev/null\nprintf '\\n${mark} %s\\n' "$?"\nprintf '\\n${mark}\\n' >&2\n`);
    return until(`${text} to end`, () => {
      const ended = new RegExp(`\\n${mark} (\\d+)\\n$`).exec(this.#stdout);
      const endOfErrors = this.#stderr.indexOf(`\n${mark}\n`, fromError);
      if (ended === null || endOfErrors < 0) return undefined;
      const stdout = this.#stdout.slice(from, ended.index);
      return { code: Number(ended[1]), stdout, stderr: this.#stderr.slice(fromError, endOfErrors) };
    });
  }

  /** Begins one that goes on; resolves with what it has printed when that shows the sign. */
  async begin(text: string, sign: RegExp): Promise<string> {
    const output = join(this.folder, `.output-${this.#commands}`);
    writeFileSync(output, '');
    const { stdout } = await this.run(`{\n${text}\n} >${output} 2>&1 </dev/null &\nprintf 'group %s' "$!"`);
    const group = Number(/group (\d+)$/.exec(stdout)?.[1]);
    this.#lasting.set(text, group);
    return until(`${text} to show ${String(sign)}`, () => {
      const printed = readFileSync(output, 'utf8');
      if (sign.test(printed)) return printed;
      if (!isAlive(group)) throw new Error(`${text} ended, and printed:\n${printed}`);
      return undefined;
    });
  }

  /** Ctrl-C: everything in the group of the command is told, and nothing of it is left. */
  async interrupt(text: string): Promise<void> {
    const group = this.#lasting.get(text);
    if (group === undefined) throw new Error(`${text} does not run`);
    this.#lasting.delete(text);
    process.kill(-group, 'SIGINT');
    await until(`${text} to end`, () => (isAlive(group) ? undefined : true));
  }

  /** The last one first. */
  async interruptAll(): Promise<void> {
    for (const text of [...this.#lasting.keys()].reverse()) await this.interrupt(text);
  }

  close(): void {
    for (const group of this.#lasting.values()) if (isAlive(group)) process.kill(-group, 'SIGKILL');
    this.#bash.kill('SIGKILL');
  }
}

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (const giveUpMs = Date.now() + PATIENCE_MS; Date.now() < giveUpMs;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((wake) => setTimeout(wake, LOOK_EVERY_MS));
  }
  throw new Error(`waited in vain for ${what}`);
}

function isAlive(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}
