// The `rollcall` command line: its commands, their help and exit codes. Invariant: whatever is typed ends in a result, a sentence
// that says what to do, or the help; nothing here touches the process. Each folder adds its own commands.
import { Command, CommanderError } from 'commander';
import { readConfiguration } from '#libs/runtime';
import type { AddCommands } from './command-setting.js';
import { addConfigurationCommands } from './configuration/commands.js';
import { addExportCommand } from './exporting/commands.js';
import { addDoctorCommands } from './doctor/commands.js';
import { explain } from './failure.js';
import { addFeedingCommands } from './feeding/commands.js';
import { addQueryCommand } from './querying/commands.js';
import { addReadingCommands } from './reading/commands.js';
import { addHomeserverCommands } from './homeserver/commands.js';
import { addErasureCommands } from './erasure/commands.js';
import { addLookingCommands } from './looking/commands.js';
import { addReplayCommands } from './replay/commands.js';
import type { Surroundings } from './surroundings.js';
import { addTopicCommands } from './topics/commands.js';

/** In the order in which the help shows them. */
const COMMANDS: readonly AddCommands[] = [
  addFeedingCommands,
  addReadingCommands,
  addTopicCommands,
  addExportCommand,
  addQueryCommand,
  addLookingCommands,
  addReplayCommands,
  addErasureCommands,
  addConfigurationCommands,
  addHomeserverCommands,
  addDoctorCommands,
];

const environmentHelp = `
Environment: the same variables as the server (rollcall config lists them). KAFKA_BROKERS (absent: the embedded log in DATA_DIR, ./data),
TOPIC_PREFIX, PARTITIONS, DELIVERY_PARTITIONS, and ADMIN_TOKEN, which --server sends (absent: dev|admin).
`;

/** Hands help and usage faults to the surroundings, for a command and all below it. */
function redirect(command: Command, writes: Promise<void>[], { stdout, stderr }: Surroundings): void {
  command.exitOverride().showHelpAfterError('(--help shows the options)');
  command.configureOutput({
    writeOut: (text) => void writes.push(stdout.write(text)),
    writeErr: (text) => void writes.push(stderr.write(text)),
  });
  for (const inner of command.commands) redirect(inner, writes, { stdout, stderr } as Surroundings);
}

/** Runs one command line to its exit code; never throws. */
export async function rollcall(args: readonly string[], surroundings: Surroundings): Promise<number> {
  let exitCode = 0;
  const program = new Command('rollcall')
    .description('Rollcall’s command line: memberships and records in, records out, topics.')
    .option('--json', 'results as JSON')
    .addHelpText('after', environmentHelp);
  for (const add of COMMANDS) {
    add({
      program,
      surroundings,
      configuration: () => readConfiguration(surroundings.environment, 'command line').configuration,
      isJson: (command) => command.optsWithGlobals<{ readonly json?: true }>().json === true,
      finish: (code) => {
        exitCode = code;
      },
    });
  }
  const writes: Promise<void>[] = [];
  redirect(program, writes, surroundings);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { text, exitCode: failed } = explain(error);
    writes.push(surroundings.stderr.write(`${text}\n`));
    return failed;
  } finally {
    await Promise.all(writes);
  }
}
