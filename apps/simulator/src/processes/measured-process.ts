// A process of its own that is measured from outside: CPU and peak memory by /proc, pauses by what its collector prints.
// Invariant: it is gone after `stop`, and when this process ends; nothing but its own pid is ever signalled.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Collections } from '../benchmarks/measure.js';

const TICKS_PER_SECOND = 100;
const STOP_LIMIT_MS = 20_000;
/** `[1:0x…] 123 ms: Scavenge 10.1 (12.3) -> 9.0 (13.3) MB, pooled: 0 MB, 1.23 / 0.00 ms …` */
const COLLECTION = /ms: (?:Scavenge|Mark-Compact|Minor Mark-Compact)[^\n]* MB, (?:pooled: [\d.]+ MB, )?([\d.]+) \//g;

export interface Start {
  readonly command: string;
  readonly arguments: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** Whether its errors and journal are read as well, instead of going to ours. */
  readonly hears?: 'errors too' | undefined;
}

export interface Usage {
  readonly cpuSeconds: number;
  readonly atMs: number;
}

export class MeasuredProcess {
  readonly #ended: Promise<number | null>;
  #text = '';
  #seen = 0;
  readonly #pausesMs: number[] = [];
  #waiting: (() => void)[] = [];
  readonly #onExit = (): void => void this.child.kill('SIGKILL');

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    process.prependOnceListener('exit', this.#onExit);
    this.#ended = new Promise((resolve) => {
      child.once('exit', (code) => {
        process.off('exit', this.#onExit);
        resolve(code);
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
    for (const output of [child.stdout, child.stderr]) {
      output?.setEncoding('utf8').on('data', (text: string) => {
        this.#read(text);
      });
    }
  }

  static start(name: string, { command, arguments: words, environment, folder, hears }: Start): MeasuredProcess {
    const child = spawn(command, words, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', hears === undefined ? 'inherit' : 'pipe'],
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    child.on('error', (error) => process.stderr.write(`${name}: ${error.message}\n`));
    return new MeasuredProcess(name, child);
  }

  /** A script of ours by Node, told to print its collections; `profile` is a folder for V8's CPU profiles. */
  static node(
    name: string,
    script: string,
    environment: Readonly<Record<string, string>>,
    { profile, hears }: { readonly profile?: string | undefined; readonly hears?: 'errors too' } = {},
  ): MeasuredProcess {
    const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    return MeasuredProcess.start(name, {
      command: process.execPath,
      arguments: ['--trace-gc', ...profiling, script],
      environment,
      hears,
    });
  }

  /** What it printed, the last of it. */
  get text(): string {
    return this.#text;
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** The pauses of its collector since the last call. */
  collections(): Collections {
    const pauses = this.#pausesMs.splice(0);
    return {
      pauses: pauses.length,
      totalMs: pauses.reduce((sum, pause) => sum + pause, 0),
      longestMs: Math.max(0, ...pauses),
    };
  }

  usage(): Usage {
    return { cpuSeconds: cpuSecondsOf(this.pid), atMs: performance.now() };
  }

  peakRssBytes(): number {
    return peakRssOf(this.pid);
  }

  /** The first match in what it prints; throws when it ends before. */
  async printed(wanted: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = wanted.exec(this.#text);
      if (found !== null) return found;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        throw new Error(
          `${this.name} stopped (${this.child.exitCode ?? this.child.signalCode ?? ''}) before it said ${wanted.source}`,
        );
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Its exit code, once it ends by itself. */
  ended(): Promise<number | null> {
    return this.#ended;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#ended;
  }

  /** SIGTERM; killed when that takes long. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGTERM');
    const impatience = setTimeout(() => this.child.kill('SIGKILL'), STOP_LIMIT_MS);
    await this.#ended;
    clearTimeout(impatience);
  }

  #read(text: string): void {
    this.#text += text;
    const whole = this.#text.lastIndexOf('\n') + 1;
    for (const [, pause] of this.#text.slice(this.#seen, whole).matchAll(COLLECTION))
      this.#pausesMs.push(Number(pause));
    this.#seen = whole;
    // What is waited for comes early; collections go on for as long as the process runs.
    if (this.#text.length > 1_000_000) {
      this.#text = this.#text.slice(this.#seen);
      this.#seen = 0;
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** User and system time of a process so far, seconds (Linux). */
export function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export function peakRssOf(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}
