// A built program as an operator runs it: a child process with an environment of its own. Invariant: only processes started
// here are ever signalled, every one of them is gone when its test file ends, and nothing sleeps for a result.

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../../..');
const POLL_MS = 20;
const PATIENCE_MS = 60_000;
/** As nearly every system numbers it. */
const NOBODY = 65_534;

export type ProgramName = 'standalone' | 'gateway' | 'aggregator' | 'fanout' | 'bridge';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

const running = new Set<Program>();
const folders: string[] = [];

export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
  folders.push(folder);
  return folder;
}

/** For `afterAll`. */
export async function endEverything(): Promise<void> {
  await Promise.all([...running].map((program) => program.kill('SIGKILL')));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export class Program {
  stdout = '';
  stderr = '';
  readonly #startedMs = Date.now();
  readonly ended: Promise<Ended>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((done) => {
      child.once('close', (code, signal) => {
        running.delete(this);
        done({ code, signal, stdout: this.stdout, stderr: this.stderr, tookMs: Date.now() - this.#startedMs });
      });
    });
    running.add(this);
  }

  /** HTTP_PORT is any free one unless given; nothing of the test's own environment is passed on but PATH. */
  static start(name: ProgramName, environment: Readonly<Record<string, string>>, ...args: string[]): Program {
    const file = join(ROOT, 'dist', 'apps', name, 'src', 'main.js');
    return Program.#spawn(process.execPath, ['--enable-source-maps', file, ...args], environment);
  }

  /** By a user who may not write everywhere: a superuser starts it as nobody. */
  static startUnprivileged(name: ProgramName, environment: Readonly<Record<string, string>>): Program {
    const file = join(ROOT, 'dist', 'apps', name, 'src', 'main.js');
    const nobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    return Program.#spawn(process.execPath, ['--enable-source-maps', file], environment, nobody);
  }

  static npm(script: string, environment: Readonly<Record<string, string>>): Program {
    return Program.#spawn('npm', ['run', '--silent', script], environment);
  }

  static #spawn(
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>>,
    user: { readonly uid?: number; readonly gid?: number } = {},
  ): Program {
    const env = {
      PATH: String(process.env['PATH']),
      HOME: String(process.env['HOME']),
      HTTP_PORT: '0',
      ...environment,
    };
    return new Program(spawn(command, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'], ...user }));
  }

  /** Once it has greeted; fails with what it said if it ended instead. */
  async url(): Promise<string> {
    const found = await until(`${this.stderr} to greet`, () => {
      if (this.child.exitCode !== null) throw new Error(`it ended with ${String(this.child.exitCode)}: ${this.stderr}`);
      return this.stdout.includes('Ctrl-C stops.') ? /serves on (http:\S+)/.exec(this.stdout)?.[1] : undefined;
    });
    return found;
  }

  /** Of a service, which greets nobody: from the line that it writes once it serves. */
  servingUrl(): Promise<string> {
    return until('the service to serve', () => {
      if (this.child.exitCode !== null) throw new Error(`it ended with ${String(this.child.exitCode)}: ${this.stderr}`);
      return /"url":"(http:[^"]+)"/.exec(this.stderr)?.[1];
    });
  }

  /** The same, once it is ready. */
  async readyUrl(): Promise<string> {
    const url = await this.servingUrl();
    await until('the service to be ready', async () => ((await fetch(`${url}/health/ready`)).ok ? true : undefined));
    return url;
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.signal(signal);
    return this.ended;
  }
}

/** Polls until it gives something, with a sentence for when it never does. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const givenUpMs = Date.now() + PATIENCE_MS;
  while (Date.now() < givenUpMs) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
  throw new Error(`waited in vain for ${what}`);
}
