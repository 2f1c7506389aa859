// Starts a program as a real process, for tests that kill, stop or outlive it: as it is built if it ships, otherwise from its source.
// Invariant: what it started it can end: every process is tracked by its own handle, never found by name.
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The repository's root, found from where the process was started. */
export const repositoryRoot = (): string => {
  let directory = process.cwd();
  while (!existsSync(join(directory, 'libs', 'testing', 'src', 'source-loader.mjs'))) {
    const parent = dirname(directory);
    if (parent === directory) throw new Error(`${process.cwd()} lies outside the repository`);
    directory = parent;
  }
  return directory;
};

/** What comes after `node` to run what a source file, given from the repository's root (`libs/…/writer.ts`), is the start of. */
export const programArguments = (file: string): string[] => {
  const root = repositoryRoot();
  const built = join(root, 'dist', file.replace(/\.ts$/, '.js'));
  if (existsSync(built)) return ['--enable-source-maps', built];
  const loader = pathToFileURL(join(root, 'libs', 'testing', 'src', 'source-loader.mjs')).href;
  return ['--conditions=source', '--enable-source-maps', '--import', loader, join(root, file)];
};

export interface ProgramProcess {
  readonly child: ChildProcess;
  /** Everything on stdout so far; stderr is in `errors`. */
  readonly output: () => string;
  readonly errors: () => string;
  /** Resolves with the next whole line of stdout; rejects when the process ends before it. */
  readonly line: () => Promise<string>;
  /** Resolves with code and signal once the process has ended and its output has been read. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

class Lines {
  private text = '';
  private taken = 0;
  private ended: string | undefined;
  private waiting: { resolve: (line: string) => void; reject: (error: Error) => void }[] = [];

  get all(): string {
    return this.text;
  }

  push(chunk: string): void {
    this.text += chunk;
    for (
      let end = this.text.indexOf('\n', this.taken);
      end >= 0 && this.waiting.length > 0;
      end = this.text.indexOf('\n', this.taken)
    ) {
      this.waiting.shift()?.resolve(this.text.slice(this.taken, end));
      this.taken = end + 1;
    }
  }

  next(): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.push('');
      if (this.ended !== undefined) this.end(this.ended);
    });
  }

  end(reason: string): void {
    this.ended = reason;
    for (const { reject } of this.waiting.splice(0)) reject(new Error(reason));
  }
}

/** Runs `node` on it. `command` puts other words before it, e.g. `['sh', '-c', 'ulimit -f 99; exec "$@"', 'sh']`. */
export const runProgram = (
  file: string,
  args: readonly string[] = [],
  options: SpawnOptions & { command?: readonly string[] } = {},
): ProgramProcess => {
  const { command = [], ...spawnOptions } = options;
  const words = [...command, process.execPath, ...programArguments(file), ...args];
  const child = spawn(words[0] as string, words.slice(1), {
    cwd: repositoryRoot(),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...spawnOptions,
  });
  const lines = new Lines();
  let errors = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => lines.push(chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      lines.end(`${file} ended (${code ?? signal}): ${errors}`);
      resolve({ code, signal });
    });
  });
  return { child, output: () => lines.all, errors: () => errors, line: () => lines.next(), ended };
};
