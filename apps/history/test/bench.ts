// A command line on a workbench: the real commands on the in-memory log, their output caught. Invariant: the log outlives each
// command, as a broker does. It stands apart from the specs because all of them stand at it.
import { MemoryEventLog } from '#libs/event-log';
import { rollcall, type Surroundings } from '../src/index.js';

/** The memory log, which a command's `close` does not end. */
class LastingLog extends MemoryEventLog {
  override close(): Promise<void> {
    return Promise.resolve();
  }
}

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Bench {
  readonly log = new LastingLog();
  readonly environment: Record<string, string> = {};
  readonly #changes: Partial<Surroundings>;

  constructor(changes: Partial<Surroundings> = {}) {
    this.#changes = changes;
  }

  /** Runs to the end; `stdin` in chunks. */
  async run(args: readonly string[], stdin: readonly (string | Uint8Array)[] = []): Promise<Ran> {
    const written = { stdout: '', stderr: '' };
    const output = (name: 'stdout' | 'stderr'): Surroundings['stdout'] => ({
      write: (text) => {
        written[name] += text;
        return Promise.resolve();
      },
    });
    const exitCode = await rollcall(args, {
      environment: this.environment,
      stdin: inChunks(stdin),
      stdout: output('stdout'),
      stderr: output('stderr'),
      isTerminal: false,
      ending: new AbortController().signal,
      folders: ['/'],
      openLog: () => Promise.resolve(this.log),
      fetch: (url, init) => fetch(url, init),
      nowMs: () => 0,
      ...this.#changes,
    });
    return { exitCode, ...written };
  }

  /** The same log and environment at another time. */
  at(nowMs: number): Bench {
    const later = new Bench({ ...this.#changes, nowMs: () => nowMs, openLog: () => Promise.resolve(this.log) });
    Object.assign(later.environment, this.environment);
    return later;
  }

  /** What `rollcall log read` prints, parsed. */
  async records(topic: string, ...options: readonly string[]): Promise<readonly Record<string, unknown>[]> {
    const { stdout, exitCode, stderr } = await this.run(['log', 'read', topic, ...options]);
    if (exitCode !== 0) throw new Error(stderr);
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

async function* inChunks(chunks: readonly (string | Uint8Array)[]): AsyncIterable<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
}
