// What every command of the line is given and the small words in which options are read. Invariant: a command ends by telling its
// exit code here or by throwing; it touches the process in no other way.
import { type Command, InvalidArgumentError } from 'commander';
import type { Configuration } from '#libs/runtime';
import type { Surroundings } from './surroundings.js';

export interface CommandSetting {
  readonly program: Command;
  readonly surroundings: Surroundings;
  /** Read when a command runs, so that --help works whatever the environment says. Throws what is wrong with it. */
  readonly configuration: () => Configuration;
  /** Whether --json was given, before or after the command's name. */
  readonly isJson: (command: Command) => boolean;
  /** The exit code of a command that ends by itself; absent = 0. */
  readonly finish: (exitCode: number) => void;
}

/** A folder's commands, added to the line. */
export type AddCommands = (setting: CommandSetting) => void;

/** An option or argument that is a whole number. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least) {
      throw new InvalidArgumentError(`A whole number from ${least} on is needed.`);
    }
    return value;
  };
}

/** An argument that is one of a few words. */
export function only(...words: readonly string[]): (text: string) => string {
  return (text) => {
    if (!words.includes(text)) throw new InvalidArgumentError(`Possible: ${words.join(', ')}.`);
    return text;
  };
}
