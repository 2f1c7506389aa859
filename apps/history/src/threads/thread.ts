// What runs in a thread: the jobs that come, one after the other, on a log that it opens itself. Invariant: every job is answered
// once, by its result or by a sentence; nothing is imported before it is needed, so that a thread is ready soon.
import { parentPort, workerData } from 'node:worker_threads';
import { explain } from '../failure.js';
import { openLog } from '../log.module.js';
import { readConfiguration, type Environment } from '#libs/runtime';
import { topicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { jobOf, type ThreadSetting } from './jobs.js';
import { NO_MORE, type Answer, type Job } from './job-thread.js';

const port = parentPort!;
const { environment, progressEveryMs } = workerData as {
  readonly environment: Environment;
  readonly progressEveryMs: number;
};
let opened: Promise<EventLog> | undefined;
let toldAtMs = 0;

const answer = (its: Answer): void => port.postMessage(its);

async function setting(): Promise<ThreadSetting> {
  const { configuration } = readConfiguration(environment, 'command line');
  opened ??= openLog(configuration, 'read');
  return {
    log: await opened,
    topics: topicNames(configuration.topics.prefix),
    onProgress: (...progress) => {
      const nowMs = performance.now();
      if (nowMs - toldAtMs < progressEveryMs) return;
      toldAtMs = nowMs;
      answer({ progress });
    },
  };
}

async function work({ kind, options }: Job): Promise<void> {
  try {
    answer({ result: await (await jobOf(kind))(await setting(), options) });
  } catch (error) {
    answer({ failure: explain(error) });
  }
}

let working: Promise<void> = Promise.resolve();
port.on('message', (message: Job | typeof NO_MORE) => {
  working = working.then(async () => {
    if (message !== NO_MORE) return work(message);
    await (await opened)?.close();
    port.close();
  });
});
