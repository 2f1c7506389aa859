// `rollcall config`: every environment variable, from the code that reads it.
import type { AddCommands } from '../command-setting.js';
import { referenceAsJson, referenceAsMarkdown, referenceAsText } from './reference.js';

export const addConfigurationCommands: AddCommands = (setting) => {
  const command = setting.program
    .command('config')
    .description('every environment variable: default, meaning, what it may hold')
    .option('--markdown', 'as a table in Markdown')
    .option('--json', 'as JSON')
    .action(async ({ markdown }: { readonly markdown?: true }) => {
      const text = setting.isJson(command)
        ? referenceAsJson()
        : markdown === true
          ? referenceAsMarkdown()
          : referenceAsText();
      await setting.surroundings.stdout.write(text);
    });
};
