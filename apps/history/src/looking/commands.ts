// `rollcall as-of` and `rollcall timeline` as they are typed: options, help, and what they become.
import { isRoomId, isUserId } from '#libs/matrix';
import type { Command } from 'commander';
import { type AddCommands, type CommandSetting, wholeNumber } from '../command-setting.js';
import { readTime } from '../exporting/window.js';
import { runAsOf } from './as-of-command.js';
import { runTimeline } from './timeline-command.js';

const asOfHelp = `
What the engine showed at that time: presence, message and currently_active as they were, last_active_ts as the last change before told
it. Everybody of whom something had been told, one user, or the members that a room had then. Works beside a running server.

Times: 2026-11-26T08:00Z, 2026-11-26T09:00+01:00, now, or a span before now (-90s, -30m, -2h, -1d).

Examples:
  rollcall as-of -2h
  rollcall as-of 2026-11-25T17:30Z --user @alice:example.org
  rollcall as-of -15m --room '!tea:example.org' --json
`;

const timelineHelp = `
The states of a user one after the other, what each lasted and what began it; on a terminal with a bar. --from is a day before --to
unless said, --to is now.

Examples:
  rollcall timeline @alice:example.org
  rollcall timeline @alice:example.org --from -7d --json
  rollcall timeline @alice:example.org --from 2026-11-25T00:00Z --to 2026-11-26T00:00Z
`;

const DAY_MS = 86_400_000;

/** A time, or the end of the command with what a time looks like. */
export function timeOr(setting: CommandSetting, command: Command, name: string): (text: string) => number {
  return (text) => {
    try {
      return readTime(text, setting.surroundings.nowMs());
    } catch (error) {
      return command.error(`${name} ${text}: ${(error as Error).message}`, { exitCode: 2 });
    }
  };
}

function requireUser(command: Command, userId: string): void {
  if (!isUserId(userId)) command.error(`${userId} is no Matrix user id, such as @alice:example.org`, { exitCode: 2 });
}

interface AsOfFlags {
  readonly user?: string;
  readonly room?: string;
  readonly workers?: number;
}

function addAsOf(setting: CommandSetting): void {
  setting.program
    .command('as-of')
    .description('who showed what at a time')
    .argument('<time>', 'with its zone, or before now: 2026-11-26T08:00Z, -2h')
    .option('--user <user>', 'only this one')
    .option('--room <room>', 'only the members that it had then')
    .option('--workers <number>', 'threads; absent: one for each core, where there is much to read', wholeNumber(1))
    .option('--json', 'the views as JSON')
    .addHelpText('after', asOfHelp)
    // A span before now begins as an option does.
    .allowUnknownOption()
    .action(async (text: string, { user, room, workers }: AsOfFlags, command: Command) => {
      const atMs = timeOr(setting, command, 'TIME')(text);
      if (user !== undefined && room !== undefined) command.error('--user or --room, not both.', { exitCode: 2 });
      if (user !== undefined) requireUser(command, user);
      if (room !== undefined && !isRoomId(room)) {
        command.error(`${room} is no Matrix room id, such as !tea:example.org`, { exitCode: 2 });
      }
      const chosen = {
        ...(user !== undefined && { userId: user }),
        ...(room !== undefined && { roomId: room }),
        ...(workers !== undefined && { workers }),
      };
      const asked = { atMs, json: setting.isJson(command), ...chosen };
      setting.finish(await runAsOf(asked, setting.configuration(), setting.surroundings));
    });
}

interface TimelineFlags {
  readonly from?: string;
  readonly to?: string;
}

function addTimeline(setting: CommandSetting): void {
  setting.program
    .command('timeline')
    .description('one user’s sessions and states, how long and why')
    .argument('<user>', 'a Matrix user id')
    .option('--from <time>', 'absent: a day before --to')
    .option('--to <time>', 'absent: now')
    .option('--json', 'sessions and states as JSON')
    .addHelpText('after', timelineHelp)
    .action(async (userId: string, { from, to }: TimelineFlags, command: Command) => {
      requireUser(command, userId);
      const nowMs = setting.surroundings.nowMs();
      const toMs = Math.min(nowMs, to === undefined ? nowMs : timeOr(setting, command, '--to')(to));
      const fromMs = from === undefined ? toMs - DAY_MS : timeOr(setting, command, '--from')(from);
      if (fromMs >= toMs) command.error('--from must lie before --to, and before now.', { exitCode: 2 });
      const asked = { userId, fromMs, toMs, json: setting.isJson(command) };
      setting.finish(await runTimeline(asked, setting.configuration(), setting.surroundings));
    });
}

export const addLookingCommands: AddCommands = (setting) => {
  addAsOf(setting);
  addTimeline(setting);
};
