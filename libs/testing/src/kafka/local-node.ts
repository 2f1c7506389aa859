// One local KRaft node as a real process that tests may kill, freeze, stop and start again on its data. Invariant: it
// never outlives the process that made it by more than a moment, and only its own pid is ever signalled.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { LOCAL_USERS, type NodePlan, nodeProperties } from './node-properties.js';

const run = promisify(execFile);
const READY_LIMIT_MS = 90_000;
const STOP_LIMIT_MS = 20_000;
const COMPLAINT = / (?:ERROR|FATAL) |^[\w.]+(?:Exception|Error)\b|^Caused by|SIG[A-Z]+/;
const QUICK_JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

export interface NodeRun {
  readonly classPath: string;
  readonly clusterId: string;
  /** Largest Java heap. */
  readonly heapMb: number;
  /** 'quick': starts fast and stays small. 'fast': the full compiler, for measuring. */
  readonly speed: 'quick' | 'fast';
}

/** Java's own arguments for a node: also what a shared broker's keeper runs. */
export function nodeCommand(run: NodeRun, propertiesFile: string): string[] {
  const jvm = run.speed === 'quick' ? QUICK_JVM : ['-XX:+UseSerialGC'];
  return ['java', `-Xmx${run.heapMb}m`, '-Xms64m', ...jvm, '-cp', run.classPath, 'kafka.Kafka', propertiesFile];
}

/** Writes the properties and formats the data folder, once. */
export async function prepareNode(plan: NodePlan, { classPath, clusterId }: NodeRun): Promise<string> {
  mkdirSync(plan.folder, { recursive: true });
  const file = join(plan.folder, 'server.properties');
  writeFileSync(file, nodeProperties(plan));
  const users = plan.keyStore === undefined ? [] : Object.entries(LOCAL_USERS);
  const scram = users.flatMap(([name, password]) =>
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((kind) => [
      '--add-scram',
      `${kind}=[name=${name},password=${password}]`,
    ]),
  );
  const formatting = run('java', [
    ...QUICK_JVM,
    '-cp',
    classPath,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    clusterId,
    '-c',
    file,
    ...scram,
  ]);
  const end = (): void => void formatting.child.kill('SIGKILL');
  process.prependOnceListener('exit', end);
  await formatting.finally(() => process.off('exit', end));
  return file;
}

/** $1 we, $2 the node, $3 its folder. Ends by itself; kills the node when we died without a chance to. */
const WATCH = `while kill -0 "$1" 2>/dev/null && kill -0 "$2" 2>/dev/null; do sleep 1; done
kill -0 "$1" 2>/dev/null || { kill -9 "$2" 2>/dev/null; rm -rf "$3"; }`;

function watchOver(child: ChildProcess, folder: string): void {
  if (child.pid === undefined) return;
  const words = ['-c', WATCH, 'watch', String(process.pid), String(child.pid), folder];
  spawn('sh', words, { detached: true, stdio: 'ignore' }).unref();
}

export const hasStarted = (logFile: string): boolean => readFileSync(logFile, 'utf8').includes('Kafka Server started');

export class LocalNode {
  #child: ChildProcess | undefined;
  #starts = 0;
  readonly #onExit = (): void => void this.#child?.kill('SIGKILL');

  constructor(
    readonly plan: NodePlan,
    private readonly run: NodeRun,
    private readonly propertiesFile: string,
  ) {}

  get broker(): string {
    return `127.0.0.1:${this.plan.ports.plain}`;
  }

  /** Of the running process; undefined = it does not run. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  /** What this start of the node printed. */
  get logFile(): string {
    return join(this.plan.folder, `node-${this.#starts}.log`);
  }

  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    this.#starts += 1;
    const [command = 'java', ...args] = nodeCommand(this.run, this.propertiesFile);
    const output = openSync(this.logFile, 'w');
    const child = spawn(command, args, { stdio: ['ignore', output, output] });
    closeSync(output);
    this.#child = child;
    watchOver(child, this.plan.folder);
    process.prependOnceListener('exit', this.#onExit);
    child.once('exit', () => {
      process.off('exit', this.#onExit);
      if (this.#child === child) this.#child = undefined;
    });
    const until = Date.now() + READY_LIMIT_MS;
    while (!hasStarted(this.logFile)) {
      if (this.#child !== child) throw new Error(`the local Kafka node ended at its start:\n${this.#lastLines()}`);
      if (Date.now() > until)
        throw new Error(`the local Kafka node did not start in ${READY_LIMIT_MS} ms:\n${this.#lastLines()}`);
      await sleep(50);
    }
  }

  /** SIGKILL: as a crash. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM: hands its partitions over first. Killed when that takes longer than 20 s. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async #end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = new Promise<void>((done) => child.once('exit', () => done()));
    child.kill(signal);
    child.kill('SIGCONT');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
    await ended;
    clearTimeout(impatience);
  }

  /** What it complained of, which many lines of its end may follow, and the last of all. */
  #lastLines(): string {
    const lines = readFileSync(this.logFile, 'utf8').split('\n');
    const complaints = lines.filter((line) => COMPLAINT.test(line));
    return [...complaints.slice(-15), '…', ...lines.slice(-5)].join('\n');
  }
}
