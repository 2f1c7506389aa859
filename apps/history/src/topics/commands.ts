// `rollcall topics …` as it is typed: options, help, and what it becomes.
import type { Command } from 'commander';
import type { AddCommands } from '../command-setting.js';
import { addCopyCommand } from '../copying/commands.js';
import { addRightsCommand } from './rights-command.js';
import {
  type TopicCommand,
  addRecipients,
  checkTopics,
  createTopics,
  describeTopics,
  listTopics,
} from './topic-commands.js';

export const addTopicCommands: AddCommands = (setting) => {
  const topics = setting.program.command('topics').description('the topics of the log');
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
        const json = setting.isJson(command);
        setting.finish(
          await run({ configuration: setting.configuration(), surroundings: setting.surroundings, json }, command.args),
        );
      });
  };
  add('create', 'create what is missing; what differs is told, with what mends it', createTopics);
  add('check', 'exit 0 when every topic is as the services need it', checkTopics);
  add('describe [topics...]', 'partitions, cleanup, times and counts', describeTopics);
  add('list', 'names, with the user of a recipient’s topic', listTopics);
  addCopyCommand(topics, setting);
  addRightsCommand(topics, setting);
  add('add <users...>', 'a topic of its own for a recipient, such as @bot:example.org', addRecipients);
};
