// `rollcall forget` as it is typed, and what it does: one command record, through the log or the server that holds it. Invariant: it
// says whether the erasure has taken place, or only stands in the log.
import { isUserId } from '#libs/matrix';
import { topicNames } from '#libs/contracts';
import type { Configuration } from '#libs/runtime';
import type { Command } from 'commander';
import { setTimeout as pause } from 'node:timers/promises';
import type { AddCommands } from '../command-setting.js';
import { Failure } from '../failure.js';
import { runFeed } from '../feeding/feed-command.js';
import { readProgress } from '../replay/progress-reading.js';
import { type Surroundings, withLog } from '../surroundings.js';

const forgetHelp = `
Writes user.forget. The aggregator then erases the user: no state, tombstones for every recipient, registers shrunk to a marker; and no
command shows anything of the life that ended: as-of, timeline, what-if, query, and exports from then on. The records themselves stay in
presence.changes and the inputs until retention takes them, so that verify still proves the whole. Files exported before are yours to
delete. A user who comes back begins a new life.

Examples:
  rollcall forget @alice:example.org --server http://127.0.0.1:8090
  rollcall forget @alice:example.org
`;

interface ForgetFlags {
  readonly server?: string;
}

/** How often and how long it is looked whether an aggregator has taken the command. */
const LOOKS = 50;
const LOOK_EVERY_MS = 200;

export const addErasureCommands: AddCommands = (setting) => {
  setting.program
    .command('forget')
    .description('erase a user')
    .argument('<user>', 'a Matrix user id')
    .option('--server <url>', 'write through this server, which holds the log')
    .option('--json', 'the outcome as JSON')
    .addHelpText('after', forgetHelp)
    .action(async (userId: string, { server }: ForgetFlags, command: Command) => {
      if (!isUserId(userId))
        command.error(`${userId} is no Matrix user id, such as @alice:example.org`, { exitCode: 2 });
      const configuration = setting.configuration();
      await writeForget(userId, server, configuration, setting.surroundings);
      // Nobody takes commands out of a directory that we have just held ourselves.
      const isServed = server !== undefined || configuration.kafka !== undefined;
      const isTaken = isServed && (await isTakenSoon(userId, configuration, setting.surroundings));
      await tell(setting.surroundings, { userId, isTaken, json: setting.isJson(command) });
    });
};

async function writeForget(
  userId: string,
  server: string | undefined,
  configuration: Configuration,
  surroundings: Surroundings,
): Promise<void> {
  const line = `${JSON.stringify({ type: 'user.forget', user_id: userId })}\n`;
  let said = '';
  const silent = {
    ...surroundings,
    stdin: oneChunk(line),
    stdout: { write: () => Promise.resolve() },
    stderr: {
      write: (text: string) => {
        said += text;
        return Promise.resolve();
      },
    },
  };
  const command = {
    topic: 'commands',
    file: '-',
    json: false,
    isResumable: false,
    ...(server !== undefined && { server }),
  } as const;
  if ((await runFeed(command, configuration, silent)) !== 0)
    throw new Failure(`The command was not written: ${said.trim()}`);
}

async function* oneChunk(text: string): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

/** Whether an aggregator has come past everything that stands in the commands now. */
async function isTakenSoon(userId: string, configuration: Configuration, surroundings: Surroundings): Promise<boolean> {
  const topics = topicNames(configuration.topics.prefix);
  return withLog(surroundings, configuration, 'read', async (log) => {
    const ends = await log.ends(topics.commands);
    const partition = log.partitionOf(userId, ends.length);
    for (let look = 0; look < LOOKS && !surroundings.ending.aborted; look += 1) {
      const progress = await readProgress(log, topics.states, partition);
      if ((progress?.inputs[1]?.nextOffset ?? 0) >= (ends[partition] ?? 0)) return true;
      await pause(LOOK_EVERY_MS);
    }
    return false;
  });
}

async function tell(
  { stdout }: Surroundings,
  { userId, isTaken, json }: { readonly userId: string; readonly isTaken: boolean; readonly json: boolean },
): Promise<void> {
  const sentence = isTaken
    ? `${userId} is forgotten.`
    : `The command to forget ${userId} is in the log. It takes effect when an aggregator takes it: none has yet.`;
  await stdout.write(
    json ? `${JSON.stringify({ user_id: userId, written: true, forgotten: isTaken })}\n` : `${sentence}\n`,
  );
}
