// Jobs spread over threads. Invariant: the results are in the order of the jobs, whichever thread did them and when; a thread that
// dies or fails ends all of it, and no thread outlives the call.
import { Failure, explain } from '../failure.js';
import { NO_MORE, type Answer, type Job, type JobThread } from './job-thread.js';

export interface ThreadedJobs {
  readonly jobs: readonly Job[];
  /** The most that may run at once. */
  readonly threads: number;
  /** What a job is called: "partition 3". */
  readonly nameOf: (index: number) => string;
  readonly onProgress: (index: number, progress: readonly number[]) => void;
  /** What to say when the process is told to end. */
  readonly stopped: Failure;
}

export async function inThreads<Result>(
  start: () => JobThread,
  ending: AbortSignal,
  { jobs, threads, nameOf, onProgress, stopped }: ThreadedJobs,
): Promise<readonly Result[]> {
  const results = new Array<Result>(jobs.length);
  let next = 0;
  const workers = Array.from({ length: Math.min(threads, jobs.length) }, () => new Asked(start()));
  const stop = (): void => workers.forEach((worker) => worker.fail(stopped));
  ending.addEventListener('abort', stop, { once: true });
  if (ending.aborted) stop();
  try {
    await Promise.all(
      workers.map(async (worker) => {
        while (next < jobs.length) {
          const index = next++;
          results[index] = (await worker.ask(jobs[index]!, nameOf(index), (progress) =>
            onProgress(index, progress),
          )) as Result;
        }
      }),
    );
    await Promise.all(workers.map((worker) => worker.end()));
  } finally {
    ending.removeEventListener('abort', stop);
    await Promise.all(workers.map((worker) => worker.stop()));
  }
  return results;
}

/** One thread, and the job that it has been asked for. */
class Asked {
  readonly #thread: JobThread;
  readonly #exited: Promise<void>;
  #fault: Failure | undefined;
  #name = 'its first job';
  #onProgress: (progress: readonly number[]) => void = () => undefined;
  #settle: { readonly done: (result: unknown) => void; readonly fail: (error: Failure) => void } | undefined;

  constructor(thread: JobThread) {
    this.#thread = thread;
    thread.on('message', (answer) => this.#hear(answer));
    thread.on('error', (error) => this.fail(this.#death(explain(error).text)));
    this.#exited = new Promise((resolve) =>
      thread.on('exit', (code) => {
        this.fail(this.#death(`exit code ${code}`));
        resolve();
      }),
    );
  }

  ask(job: Job, name: string, onProgress: (progress: readonly number[]) => void): Promise<unknown> {
    this.#name = name;
    this.#onProgress = onProgress;
    return new Promise((done, fail) => {
      this.#settle = { done, fail };
      if (this.#fault !== undefined) fail(this.#fault);
      else this.#thread.postMessage(job);
    });
  }

  /** Lets it close what it has open. */
  async end(): Promise<void> {
    this.#thread.postMessage(NO_MORE);
    await this.#exited;
  }

  async stop(): Promise<void> {
    await this.#thread.terminate();
  }

  /** The first fault counts; after the last job there is none. */
  fail(fault: Failure): void {
    this.#fault ??= fault;
    this.#settle?.fail(this.#fault);
  }

  #hear(answer: Answer): void {
    if ('progress' in answer) this.#onProgress(answer.progress);
    else if ('result' in answer) this.#settle?.done(answer.result);
    else this.fail(new Failure(answer.failure.text, answer.failure.exitCode));
  }

  #death(reason: string): Failure {
    return new Failure(
      `The thread that worked on ${this.#name} died (${reason}). What it was to answer is not known; --workers 1 does everything in one thread.`,
    );
  }
}
