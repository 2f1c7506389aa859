// verify, what-if and as-of over threads, in real processes: the same answers as of one thread, and a clear end when a log cannot be
// opened there (issue 6).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { runProgram } from '#libs/testing';
import { Bench } from './bench.js';
import { HOUR_MS, ReplayWorld } from './replay-world.js';

const directory = mkdtempSync(join(tmpdir(), 'rollcall-threads-'));
const START = Date.UTC(2026, 10, 1);

beforeAll(async () => {
  const openLog = (now: () => number): Promise<EmbeddedEventLog> =>
    EmbeddedEventLog.open({ directory, now, durable: false, upkeepMs: 0 });
  const world = new ReplayWorld({ seed: 51, users: 24, partitions: 5, startMs: START, openLog });
  await world.open();
  await world.happen(250);
  await world.pass(HOUR_MS / 2);
  await world.stop();
  await world.log.close();
}, 120_000);
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function run(...args: readonly string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const env = { ...process.env, DATA_DIR: directory, LOG_LEVEL: 'silent' };
  const started = runProgram('apps/history/src/main.ts', args, { env });
  started.child.stdin?.end();
  const { code } = await started.ended;
  return { code, stdout: started.output(), stderr: started.errors() };
}

/** The same in this process, which has one thread. */
const inOne = async (...args: readonly string[]): Promise<string> => {
  const bench = new Bench({
    openLog: () => EmbeddedEventLog.open({ directory, readOnly: true }),
    nowMs: () => Date.now(),
  });
  return (await bench.run(args)).stdout;
};

it.each([
  ['verify', ['verify', '--json']],
  ['what-if', ['what-if', '--idle-after', '90s', '--users', '0', '--json']],
  ['as-of', ['as-of', new Date(START + HOUR_MS).toISOString(), '--json']],
])(
  '%s answers as with one thread, in the order of the partitions',
  async (_name, words) => {
    const { code, stdout, stderr } = await run(...words, '--workers', '3');
    expect([code, stderr]).toEqual([0, '']);
    // How long it took is another each time.
    const timeless = (json: string): unknown => ({ ...(JSON.parse(json) as object), seconds: 0, inputs_per_second: 0 });
    expect(timeless(stdout)).toEqual(timeless(await inOne(...words)));
    expect(stdout.length).toBeGreaterThan(500);
  },
  180_000,
);
