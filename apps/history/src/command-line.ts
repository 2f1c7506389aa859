// The `rollcall` command line: its commands, options, help and exit codes. Invariant: whatever is typed ends in a result, a
// sentence that says what to do, or the help; nothing here touches the process.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type Configuration, readConfiguration } from '#libs/runtime';
import { explain } from './failure.js';
import { type FeedCommand, runFeed } from './feeding/feed-command.js';
import type { LineFormat } from './feeding/judging.js';
import { readTopic } from './reading/read-topic.js';
import { chooseTopic } from './reading/topic-choice.js';
import { type Surroundings, withLog } from './surroundings.js';
import {
  type TopicCommand,
  addRecipients,
  checkTopics,
  createTopics,
  describeTopics,
  listTopics,
} from './topics/topic-commands.js';

const environmentHelp = `
Environment: the same variables as the server. KAFKA_BROKERS (absent: the embedded log in DATA_DIR, ./data),
TOPIC_PREFIX, PARTITIONS, DELIVERY_PARTITIONS, and ADMIN_TOKEN, which --server sends (absent: dev|admin).
`;

const importHelp = `
Lines: {"room_id":"!r:hs","user_id":"@a:hs","membership":"join"} or, with .csv or --format csv, !r:hs,@a:hs,join
(a header line room_id,user_id,membership may come first). Bad lines are reported with their numbers and skipped.

Examples:
  rollcall import memberships members.csv
  zcat members.ndjson.gz | rollcall import memberships - --server http://127.0.0.1:8090
`;

const produceHelp = `
Examples:
  echo '{"type":"device.active","user_id":"@a:hs"}' | rollcall produce activity - --server http://127.0.0.1:8090
  rollcall produce rooms withheld.ndjson
  echo 'not JSON' | rollcall produce activity - --unchecked --key @a:hs     (poison, to see it rejected)
`;

const readHelp = `
One JSON object a line: partition, offset, timestamp, key, value, headers. Works beside a running server.

Examples:
  rollcall log read changes
  rollcall log read presence.states --partition 3 --from 100 --follow
  rollcall log read @bot:example.org          (the topic of that recipient)
`;

function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`A whole number from ${least} on is needed.`);
    }
    return value;
  };
}

interface FeedFlags {
  readonly format?: LineFormat;
  readonly server?: string;
  readonly fromLine?: number;
  readonly unchecked?: true;
  readonly key?: string;
}

interface ReadFlags {
  readonly partition?: number;
  readonly from?: number;
  readonly follow?: true;
}

class CommandLine {
  exitCode = 0;
  readonly #surroundings: Surroundings;
  readonly #program = new Command('rollcall');

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#program
      .description('Rollcall’s command line: memberships and records in, records out, topics.')
      .option('--json', 'results as JSON')
      .addHelpText('after', environmentHelp);
    this.#addImport();
    this.#addProduce();
    this.#addLog();
    this.#addTopics();
  }

  get program(): Command {
    return this.#program;
  }

  get #configuration(): Configuration {
    return readConfiguration(this.#surroundings.environment, 'command line').configuration;
  }

  #isJson(command: Command): boolean {
    return command.optsWithGlobals<{ readonly json?: true }>().json === true;
  }

  async #feed(command: FeedCommand): Promise<void> {
    this.exitCode = await runFeed(command, this.#configuration, this.#surroundings);
  }

  #addImport(): void {
    this.#program
      .command('import')
      .description('write memberships, again and again without harm')
      .argument('<what>', 'memberships', only('memberships'))
      .argument('<file>', 'a file, or - for standard input')
      .addOption(new Option('--format <format>', 'absent: csv for *.csv, else ndjson').choices(['ndjson', 'csv']))
      .option('--server <url>', 'write through this server, which holds the log')
      .option(
        '--from-line <number>',
        'skip the lines before it; absent: where a cut-off import stopped',
        wholeNumber(1),
      )
      .option('--json', 'the counts and the bad lines as JSON')
      .addHelpText('after', importHelp)
      .action(async (_what: string, file: string, { format, server, fromLine }: FeedFlags, command: Command) => {
        const chosen = {
          ...(format && { format }),
          ...(server !== undefined && { server }),
          ...(fromLine !== undefined && { fromLine }),
        };
        await this.#feed({ topic: 'memberships', file, json: this.#isJson(command), isResumable: true, ...chosen });
      });
  }

  #addProduce(): void {
    this.#program
      .command('produce')
      .description('append records of activity, commands or rooms')
      .argument('<what>', 'activity, commands or rooms', only('activity', 'commands', 'rooms'))
      .argument('<file>', 'a file of JSON lines, or - for standard input')
      .option('--server <url>', 'write through this server, which holds the log')
      .option('--from-line <number>', 'skip the lines before it', wholeNumber(1))
      .option('--unchecked', 'append the lines’ bytes as they are, under --key')
      .option('--key <key>', 'the key of unchecked lines')
      .option('--json', 'the counts and the bad lines as JSON')
      .addHelpText('after', produceHelp)
      .action(async (what: 'activity' | 'commands' | 'rooms', file: string, flags: FeedFlags, command: Command) => {
        const { server, fromLine, unchecked, key } = flags;
        if ((unchecked === true) !== (key !== undefined)) {
          command.error(
            '--unchecked and --key go together: a checked line’s key is computed, an unchecked one’s is given',
            { exitCode: 2 },
          );
        }
        const chosen = {
          ...(server !== undefined && { server }),
          ...(fromLine !== undefined && { fromLine }),
          ...(key !== undefined && { uncheckedKey: key }),
        };
        await this.#feed({ topic: what, file, json: this.#isJson(command), isResumable: false, ...chosen });
      });
  }

  #addLog(): void {
    this.#program
      .command('log')
      .description('look into the log')
      .command('read')
      .description('print a topic’s records, to its end as it is now')
      .argument('<topic>', 'with or without the prefix')
      .option('--partition <number>', 'only this one', wholeNumber(0))
      .option('--from <offset>', 'the first offset of each partition', wholeNumber(0))
      .option('--follow', 'go on with whatever comes')
      .option('--json', 'as always')
      .addHelpText('after', readHelp)
      .action(async (name: string, flags: ReadFlags) => this.#read(name, flags));
  }

  async #read(name: string, { partition, from, follow }: ReadFlags): Promise<void> {
    const configuration = this.#configuration;
    const { stdout, ending } = this.#surroundings;
    await withLog(this.#surroundings, configuration, 'read', async (log) => {
      const topic = await chooseTopic(log, configuration.topics.prefix, name);
      const chosen = { ...(partition !== undefined && { partition }), ...(from !== undefined && { from }) };
      await readTopic({ log, topic, follow: follow === true, stdout, ending, ...chosen });
    });
  }

  #addTopics(): void {
    const topics = this.#program.command('topics').description('the topics of the log');
    const add = (
      usage: string,
      summary: string,
      run: (command: TopicCommand, names: readonly string[]) => Promise<number>,
    ): void => {
      topics
        .command(usage)
        .description(summary)
        .option('--json', 'the result as JSON')
        .action(async (...given: unknown[]) => {
          const command = given.at(-1) as Command;
          const json = this.#isJson(command);
          this.exitCode = await run(
            { configuration: this.#configuration, surroundings: this.#surroundings, json },
            command.args,
          );
        });
    };
    add('create', 'create what is missing; what differs is told, with what mends it', createTopics);
    add('check', 'exit 0 when every topic is as the services need it', checkTopics);
    add('describe [topics...]', 'partitions, cleanup, times and counts', describeTopics);
    add('list', 'names, with the user of a recipient’s topic', listTopics);
    add('add <users...>', 'a topic of its own for a recipient, such as @bot:example.org', addRecipients);
  }
}

function only(...words: readonly string[]): (text: string) => string {
  return (text) => {
    if (!words.includes(text)) throw new InvalidArgumentError(`Possible: ${words.join(', ')}.`);
    return text;
  };
}

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
  const commandLine = new CommandLine(surroundings);
  const writes: Promise<void>[] = [];
  redirect(commandLine.program, writes, surroundings);
  try {
    await commandLine.program.parseAsync([...args], { from: 'user' });
    return commandLine.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    const { text, exitCode } = explain(error);
    writes.push(surroundings.stderr.write(`${text}\n`));
    return exitCode;
  } finally {
    await Promise.all(writes);
  }
}
