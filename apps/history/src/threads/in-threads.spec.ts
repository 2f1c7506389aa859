// Jobs spread over threads: in order whoever did them and when, and a clear end whatever becomes of a thread.
import { Worker } from 'node:worker_threads';
import { Failure } from '../failure.js';
import { inThreads } from './in-threads.js';
import type { JobThread } from './job-thread.js';

const JOBS = Array.from({ length: 7 }, (_, partition) => ({ kind: 'verify' as const, options: { partition } }));
const started: Worker[] = [];

/** A real thread that runs this text; `job` is what it was asked, `answer` what it says. */
const thread = (text: string) => (): JobThread => {
  const source = `const { parentPort } = require('node:worker_threads');
    const answer = (its) => parentPort.postMessage(its);
    parentPort.on('message', async (job) => { if (job === 'no more') return parentPort.close(); ${text} });`;
  const worker = new Worker(source, { eval: true });
  started.push(worker);
  return worker;
};

const run = (start: () => JobThread, ending = new AbortController().signal, threads = 3): Promise<readonly unknown[]> =>
  inThreads(start, ending, {
    jobs: JOBS,
    threads,
    nameOf: (index) => `partition ${index}`,
    onProgress: (index, counts) => told.push([index, ...counts]),
    stopped: new Failure('Stopped.', 3),
  });
let told: number[][] = [];
beforeEach(() => {
  told = [];
  started.length = 0;
});
/** Of a thread that has ended. */
const ENDED = -1;
afterEach(() => expect(started.map(({ threadId }) => threadId)).toEqual(started.map(() => ENDED)));

const WAIT = 'await new Promise((done) => setTimeout(done, (7 - job.options.partition) * 9));';

it('the results are in the order of the jobs, and progress is told by job', async () => {
  const results = await run(
    thread(`${WAIT} answer({ progress: [job.options.partition, 5] }); answer({ result: job.options.partition * 2 });`),
  );
  expect(results).toEqual([0, 2, 4, 6, 8, 10, 12]);
  expect(told.sort(([one = 0], [other = 0]) => one - other)).toEqual(JOBS.map((_, index) => [index, index, 5]));
  expect(started).toHaveLength(3);
});

it('no more threads are started than there are jobs', async () => {
  await run(thread('answer({ result: 1 });'), undefined, 99);
  expect(started).toHaveLength(JOBS.length);
});

it.each([
  [
    'ends in the middle',
    'if (job.options.partition === 4) process.exit(7); answer({ result: 1 });',
    /^The thread that worked on partition 4 died \(exit code 7\)/,
  ],
  [
    'throws',
    'if (job.options.partition === 4) throw new Error("out of luck"); answer({ result: 1 });',
    /^The thread that worked on partition 4 died \(Error: out of luck/,
  ],
  ['says why it cannot', 'answer({ failure: { text: "There is no log.", exitCode: 1 } });', /^There is no log\.$/],
])('a thread that %s ends all of it with a sentence', async (_what, text, sentence) => {
  await expect(run(thread(text))).rejects.toThrow(sentence);
});

it('being told to end stops at once', async () => {
  const ending = new AbortController();
  const running = run(thread('/* answers nothing */'), ending.signal);
  ending.abort();
  await expect(running).rejects.toThrow(new Failure('Stopped.', 3));
  await expect(run(thread('/* answers nothing */'), ending.signal)).rejects.toThrow('Stopped.');
});
