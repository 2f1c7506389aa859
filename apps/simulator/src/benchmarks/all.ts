// Every benchmark after the other, each in a process of its own, so that none inherits another's heap or compiled code.
// Invariant: one that fails is told by name and hides none of the others.
import { spawn } from 'node:child_process';
import type { ToldResult } from '../report.js';

/** With what each runs, beside its defaults: some a quarter of an hour together on a quiet machine. */
export const ALL: readonly (readonly string[])[] = [
  ['fold', '--seconds', '6'],
  ['fanout', '--seconds', '6'],
  ['memory'],
  ['aggregate', '--streams'],
  ['deliver'],
  ['giant-room'],
  ['restore'],
  ['failover'],
  ['http', '--users', '10000', '--seconds', '30'],
  ['latency', '--seconds', '20'],
  ['latency', '--seconds', '20', '--log', 'kafka'],
  ['steady', '--seconds', '30'],
  ['idle', '--seconds', '20'],
  ['field', '--workload', 'login-storm', '--users', '100000'],
  ['field', '--workload', 'gateway-loss', '--users', '100000'],
];

/** The same with less of everything: to see that all of them run, and what is printed. */
export const ALL_QUICK: readonly (readonly string[])[] = [
  ['fold', '--seconds', '2', '--users', '50000'],
  ['fanout', '--seconds', '2', '--users', '50000'],
  ['memory', '--users', '50000'],
  ['aggregate', '--streams', '--inputs', '200000', '--users', '50000'],
  ['deliver', '--seconds', '1', '--users', '5000'],
  ['giant-room'],
  ['restore', '--inputs', '200000', '--users', '50000'],
  ['failover'],
  ['http', '--users', '2000', '--seconds', '6'],
  ['latency', '--seconds', '4'],
  ['latency', '--seconds', '4', '--log', 'kafka'],
  ['steady', '--seconds', '6', '--devices', '500'],
  ['idle', '--seconds', '5'],
  ['field', '--workload', 'login-storm', '--users', '3000'],
  ['field', '--workload', 'gateway-loss', '--users', '3000'],
];

/** Results one by one; a string says which failed and how. */
export async function* runAll(script: string, isQuick: boolean): AsyncGenerator<ToldResult | string> {
  for (const words of isQuick ? ALL_QUICK : ALL) {
    const { code, text } = await run([script, ...words, '--json']);
    yield code === 0 ? (JSON.parse(text) as ToldResult) : `${words.join(' ')} failed with exit code ${code ?? 'none'}`;
  }
}

function run(words: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const end = (): void => void child.kill();
    process.once('exit', end);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    child.once('close', (code) => {
      process.off('exit', end);
      resolve({ code, text });
    });
  });
}
