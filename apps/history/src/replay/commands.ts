// `rollcall verify` as it is typed: options, help, and what it becomes.
import type { Command } from 'commander';
import { type AddCommands, wholeNumber } from '../command-setting.js';
import { readTime } from '../exporting/window.js';
import { runVerify } from './verify-command.js';

const verifyHelp = `
Folds the inputs again, from a snapshot on, in the order in which the engine took them and under the timings that were in force then,
and compares every change with presence.changes: times, versions, values, causes. Begins with the first snapshot whose inputs are
still in the log, or with the newest before --from, and ends where the aggregator has come. Works beside a running server.

Exit code: 0 everything is as it must be; 1 it differs (the first difference is printed); 3 something could not be proven.

Examples:
  rollcall verify
  rollcall verify --from -2h --json
  rollcall verify --from 2026-11-25T00:00Z --to 2026-11-26T00:00Z --partition 3
`;

interface VerifyFlags {
  readonly from?: string;
  readonly to?: string;
  readonly partition?: number;
}

export const addReplayCommands: AddCommands = (setting) => {
  setting.program
    .command('verify')
    .description('prove the history: fold the inputs again and compare every change')
    .option('--from <time>', 'from the newest snapshot before it: 2026-11-26T08:00Z, or -2h')
    .option('--to <time>', 'up to changes of this time')
    .option('--partition <number>', 'only this one', wholeNumber(0))
    .option('--json', 'the outcome as JSON')
    .addHelpText('after', verifyHelp)
    .action(async ({ from, to, partition }: VerifyFlags, command: Command) => {
      const time = (text: string, flag: string): number => {
        try {
          return readTime(text, setting.surroundings.nowMs());
        } catch (error) {
          return command.error(`${flag} ${text}: ${(error as Error).message}`, { exitCode: 2 });
        }
      };
      const window = {
        ...(from !== undefined && { fromMs: time(from, '--from') }),
        ...(to !== undefined && { toMs: time(to, '--to') }),
        ...(partition !== undefined && { partition }),
      };
      if ((window.fromMs ?? -Infinity) >= (window.toMs ?? Infinity)) {
        command.error('--from must lie before --to.', { exitCode: 2 });
      }
      const chosen = { ...window, json: setting.isJson(command) };
      setting.finish(await runVerify(chosen, setting.configuration(), setting.surroundings));
    });
};
