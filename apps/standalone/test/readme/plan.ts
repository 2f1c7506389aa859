// How the commands of README.md are tried: which terminal each section belongs to, which commands go on until Ctrl-C, and the few
// that are not run, or smaller, each with its reason. Invariant: every entry names a command or a section that stands in the
// README; one that does not is stale, and fails.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '#libs/testing';
import { readmeCommands, type ReadmeCommand } from './readme-commands.js';

export const NOT_RUN: ReadonlyMap<string, string> = new Map([['npm test', 'it is what runs this']]);

/** Instead of what stands there. */
export const SMALLER: ReadonlyMap<string, { readonly runs: string; readonly because: string }> = new Map([
  [
    'DATA_DIR=/tmp/day npm run -s bench -- day --users 10000',
    { runs: 'DATA_DIR=./day npm run -s bench -- day --users 40', because: 'the whole takes minutes' },
  ],
]);

/** They go on until Ctrl-C; what shows that they do what they should. */
export const LASTING: ReadonlyMap<string, RegExp> = new Map([
  ['npm start', /Ctrl-C stops\./],
  ['curl -N -H "$BOB" $ROLLCALL/_rollcall/v1/stream', /event: presence\ndata: .*"sender":"@alice:localhost"/],
  [
    'HOMESERVER_URL=http://127.0.0.1:8008 BRIDGE_REGISTRATION_FILE=rollcall.yaml ADMIN_TOKEN=a-long-secret npm start',
    /Ctrl-C stops\./,
  ],
  ['npm run kafka', /Ctrl-C stops it\./],
  ['npm run start:aggregator', /aggregator is ready/],
  ['npm run start:fanout', /fanout is ready/],
  [
    'STATIC_TOKENS_FILE=apps/standalone/deploy/tokens.json ADMIN_TOKEN=token-of-admin npm run start:gateway',
    /gateway is ready/,
  ],
]);

/** Of these, the ones that listen on HTTP_PORT. */
export const LISTENING = /npm (start|run start:gateway)$/;

/** Which of a newcomer's terminals a section is tried in. */
export const TERMINALS: ReadonlyMap<string, 'embedded' | 'kafka'> = new Map([
  ['Two commands', 'embedded'],
  ['What to try next', 'embedded'],
  ['On Kafka', 'kafka'],
  ['In front of a homeserver', 'embedded'],
  ['The topics are the contract', 'kafka'],
  ['For analysts', 'embedded'],
]);

export const COMMANDS: readonly ReadmeCommand[] = readmeCommands(
  readFileSync(join(repositoryRoot(), 'README.md'), 'utf8'),
);

/** Sections of a terminal in the order of the README, with their commands. */
export function sectionsOf(terminal: 'embedded' | 'kafka'): [string, ReadmeCommand[]][] {
  return [...TERMINALS]
    .filter(([, its]) => its === terminal)
    .map(([section]) => [section, COMMANDS.filter((command) => command.section === section)]);
}

/** As a test is named. */
export const nameOf = ({ line, text }: ReadmeCommand): string => `line ${line}: ${text.split('\n')[0] ?? ''}`;
