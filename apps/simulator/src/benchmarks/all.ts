// Every benchmark after the other, each in a process of its own, so that none inherits another's heap or compiled code.
// Invariant: one that fails is told by name and hides none of the others.
import { spawn } from 'node:child_process';
import type { ToldResult } from '../report.js';

/** With what each runs, beside its defaults: together some ten minutes. */
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
];

/** Results one by one; a string says which failed and how. */
export async function* runAll(script: string): AsyncGenerator<ToldResult | string> {
  for (const words of ALL) {
    const { code, text } = await run([script, ...words, '--json']);
    yield code === 0 ? (JSON.parse(text) as ToldResult) : `${words.join(' ')} failed with exit code ${code ?? 'none'}`;
  }
}

function run(words: readonly string[]): Promise<{ readonly code: number | null; readonly text: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
    child.once('close', (code) => resolve({ code, text }));
  });
}
