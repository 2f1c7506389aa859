// `rollcall verify` and `rollcall what-if` as they are typed: options, help, and what they become.
import type { Policy } from '#libs/presence';
import { InvalidArgumentError, type Command } from 'commander';
import { type AddCommands, type CommandSetting, wholeNumber } from '../command-setting.js';
import { readTime } from '../exporting/window.js';
import { runVerify } from './verify-command.js';
import { runWhatIf } from './what-if-command.js';

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

const whatIfHelp = `
Folds the same inputs again with other timings, and compares with what happened: online time of every user and in total, changes, and
deliveries (changes times everybody who shares a room with the user, by the memberships as they are now). A day up to where the
aggregator has come, unless said; not before the oldest snapshot whose inputs are still in the log. Works beside a running server.

Spans: 90s, 10m, 2h, 1d, 500ms.

Examples:
  rollcall what-if --idle-after 10m
  rollcall what-if --offline-after 2m --active-for 30s --from -3d --to -1d
  rollcall what-if --idle-after 3m --users 0 --json
`;

const SPAN_UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** An option that is a span, as milliseconds. */
function span(text: string): number {
  const [, count, unit = ''] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text) ?? [];
  if (count === undefined || Number(count) === 0)
    throw new InvalidArgumentError('A span is needed, such as 90s, 10m or 2h.');
  return Number(count) * SPAN_UNITS_MS[unit]!;
}

interface WindowFlags {
  readonly from?: string;
  readonly to?: string;
}

function windowOf(
  setting: CommandSetting,
  { from, to }: WindowFlags,
  command: Command,
): { fromMs?: number; toMs?: number } {
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
  };
  if ((window.fromMs ?? -Infinity) >= (window.toMs ?? Infinity)) {
    command.error('--from must lie before --to.', { exitCode: 2 });
  }
  return window;
}

interface VerifyFlags extends WindowFlags {
  readonly partition?: number;
  readonly workers?: number;
}

function addVerify(setting: CommandSetting): void {
  setting.program
    .command('verify')
    .description('prove the history: fold the inputs again and compare every change')
    .option('--from <time>', 'from the newest snapshot before it: 2026-11-26T08:00Z, or -2h')
    .option('--to <time>', 'up to changes of this time')
    .option('--partition <number>', 'only this one', wholeNumber(0))
    .option('--workers <number>', 'threads, each for a partition at a time; absent: one for each core', wholeNumber(1))
    .option('--json', 'the outcome as JSON')
    .addHelpText('after', verifyHelp)
    .action(async ({ partition, workers, ...flags }: VerifyFlags, command: Command) => {
      const window = windowOf(setting, flags, command);
      const chosen = {
        ...window,
        ...(partition !== undefined && { partition }),
        ...(workers !== undefined && { workers }),
        json: setting.isJson(command),
      };
      setting.finish(await runVerify(chosen, setting.configuration(), setting.surroundings));
    });
}

interface WhatIfFlags extends WindowFlags {
  readonly idleAfter?: number;
  readonly activeFor?: number;
  readonly offlineAfter?: number;
  readonly busyOfflineAfter?: number;
  readonly maxLease?: number;
  readonly users: number;
  readonly workers?: number;
}

function changedBy({ idleAfter, activeFor, offlineAfter, busyOfflineAfter, maxLease }: WhatIfFlags): Partial<Policy> {
  return {
    ...(idleAfter !== undefined && { idleAfterMs: idleAfter }),
    ...(activeFor !== undefined && { activeForMs: activeFor }),
    ...(offlineAfter !== undefined && { offlineAfterMs: offlineAfter }),
    ...(busyOfflineAfter !== undefined && { busyOfflineAfterMs: busyOfflineAfter }),
    ...(maxLease !== undefined && { maxLeaseMs: maxLease }),
  };
}

function addWhatIf(setting: CommandSetting): void {
  setting.program
    .command('what-if')
    .description('what other timings would have made of the same inputs')
    .option('--idle-after <span>', 'online becomes unavailable so long after the last activity', span)
    .option('--active-for <span>', 'currently_active for so long after the last activity', span)
    .option('--offline-after <span>', 'the grace after the last poll, and the span of a PUT', span)
    .option('--busy-offline-after <span>', 'the span of a PUT of busy', span)
    .option('--max-lease <span>', 'a longer lease is cut to it', span)
    .option('--from <time>', 'absent: a day before the end')
    .option('--to <time>', 'absent: where the aggregator has come')
    .option('--users <number>', 'how many users are listed, 0 for all', wholeNumber(0), 20)
    .option('--workers <number>', 'threads, each for a partition at a time; absent: one for each core', wholeNumber(1))
    .option('--json', 'the comparison as JSON')
    .addHelpText('after', whatIfHelp)
    .action(async (flags: WhatIfFlags, command: Command) => {
      const changed = changedBy(flags);
      const chosen = {
        changed,
        ...windowOf(setting, flags, command),
        listed: flags.users,
        ...(flags.workers !== undefined && { workers: flags.workers }),
        json: setting.isJson(command),
      };
      setting.finish(await runWhatIf(chosen, setting.configuration(), setting.surroundings));
    });
}

export const addReplayCommands: AddCommands = (setting) => {
  addVerify(setting);
  addWhatIf(setting);
};
