// The process as a command's surroundings: its streams, signals and folders. Invariant: a reader that went away (`| head`) ends
// the command quietly, and a signal lets it finish what it has begun.
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { onEndingSignal } from '#libs/runtime';
import { openLog } from './log.module.js';
import type { Output, Surroundings } from './surroundings.js';

function outputOf(stream: NodeJS.WriteStream): Output {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  return {
    write: async (text) => {
      if (!stream.write(text)) await once(stream, 'drain');
    },
  };
}

/** Aborted by the first signal. */
function endingSignal(): AbortSignal {
  const controller = new AbortController();
  onEndingSignal(['SIGINT', 'SIGTERM', 'SIGHUP'], () => controller.abort());
  return controller.signal;
}

/** Often enough for a line on a terminal. */
const PROGRESS_EVERY_MS = 100;

/** A thread makes much that lives for one record: collected seldom, it costs less (MiB). */
const YOUNG_MB = 64;

/** Beside this file, compiled or not as it is. */
function startThread(): Worker {
  const name = import.meta.url.endsWith('.ts') ? './threads/thread.ts' : './threads/thread.js';
  const workerData = { environment: { ...process.env }, progressEveryMs: PROGRESS_EVERY_MS };
  return new Worker(new URL(name, import.meta.url), {
    workerData,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
}

export function processSurroundings(): Surroundings {
  const started = process.env['INIT_CWD'];
  return {
    environment: process.env,
    stdin: process.stdin as AsyncIterable<Buffer>,
    stdout: outputOf(process.stdout),
    stderr: outputOf(process.stderr),
    isTerminal: process.stderr.isTTY,
    ending: endingSignal(),
    // npm starts scripts at the package's root; a file is meant from where npm was called.
    folders: started === undefined ? [process.cwd()] : [started, process.cwd()],
    openLog,
    fetch: (url, init) => fetch(url, init),
    nowMs: () => Date.now(),
    threads: { start: startThread, cores: availableParallelism() },
  };
}
