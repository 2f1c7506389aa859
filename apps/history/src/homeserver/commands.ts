// `rollcall bridge registration` and `rollcall import homeserver` as they are typed, and what they become.
import { randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { RoomPolicies, registrationText } from '#apps/bridge';
import { topicNames } from '#libs/contracts';
import type { Configuration } from '#libs/runtime';
import type { AddCommands, CommandSetting } from '../command-setting.js';
import { Failure } from '../failure.js';
import { logSink, serverSink, type Sink } from '../feeding/sinks.js';
import { Progress } from '../progress.js';
import { type Surroundings, withLog } from '../surroundings.js';
import { AdminApi } from './admin-api.js';
import { importRooms, type ImportCounts } from './import-rooms.js';
import { KnownRooms } from './known-rooms.js';

const registrationHelp = `
Writes the file once; it holds secrets and is readable by its owner only. Give it to the homeserver
(Synapse: app_service_config_files) and to the bridge (BRIDGE_REGISTRATION_FILE).

Example:
  rollcall bridge registration --server-name example.org --url http://127.0.0.1:8092 rollcall.yaml
`;

const importHelp = `
Reads rooms, join rules and members by Synapse's admin API and writes what the log (DATA_DIR or KAFKA_BROKERS) does not say yet;
on the embedded log of a running server, write through it with --server. May run while the bridge takes transactions, may be cut off and repeated. PUBLIC_ROOMS, WITHHELD_ROOMS and SHARED_ROOMS decide as in the bridge.

Examples:
  HOMESERVER_ADMIN_TOKEN=syt_… rollcall import homeserver http://127.0.0.1:8008
  rollcall import homeserver http://127.0.0.1:8008 --admin-token syt_… --server http://127.0.0.1:8090
`;

interface RegistrationFlags {
  readonly serverName: string;
  readonly url: string;
  readonly id: string;
}

interface ImportFlags {
  readonly adminToken?: string;
  readonly server?: string;
  readonly removeUnknown?: true;
}

function writeRegistration(
  file: string,
  { serverName, url, id }: RegistrationFlags,
  folders: readonly string[],
): string {
  if (!/^[A-Za-z0-9.:[\]-]+$/.test(serverName))
    throw new Failure(`${serverName} is no server name; example.org is one`, 2);
  if (!URL.canParse(url)) throw new Failure(`${url} is no URL; http://127.0.0.1:8092 is one`, 2);
  const path = resolve(folders[0] ?? '.', file);
  if (existsSync(path))
    throw new Failure(`${path} exists: the homeserver may use it already. Remove it, or name another file.`);
  const token = (): string => randomBytes(32).toString('base64url');
  const text = registrationText({ id, url, serverName, senderLocalpart: id, asToken: token(), hsToken: token() });
  try {
    writeFileSync(path, text, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    throw new Failure(`${path} cannot be written: ${(error as Error).message}`);
  }
  return path;
}

async function importHomeserver(
  setting: CommandSetting,
  url: string,
  flags: ImportFlags,
  isJson: boolean,
): Promise<number> {
  const { surroundings } = setting;
  const configuration = setting.configuration();
  const token = flags.adminToken ?? surroundings.environment['HOMESERVER_ADMIN_TOKEN'];
  if (!/^https?:/.test(url) || !URL.canParse(url))
    throw new Failure(`${url} is no URL; http://127.0.0.1:8008 is one`, 2);
  if (token === undefined || token === '')
    throw new Failure(
      'An access token of an administrator of the homeserver is needed: HOMESERVER_ADMIN_TOKEN or --admin-token',
      2,
    );
  const topics = topicNames(configuration.topics.prefix);
  const known = await withLog(surroundings, configuration, 'read', (log) => KnownRooms.read(log, topics));
  const progress = new Progress(surroundings);
  const run = async (sinks: { readonly memberships: Sink; readonly rooms: Sink }): Promise<ImportCounts> =>
    importRooms({
      api: new AdminApi(url, token, surroundings),
      known,
      policies: new RoomPolicies(configuration.roomRules),
      sinks,
      resumeFile: join(surroundings.folders[0] ?? '.', `${new URL(url).host.replace(/[^\w.-]/g, '_')}.rollcall-resume`),
      removeUnknown: flags.removeUnknown === true,
      ending: surroundings.ending,
      show: (counts, total) => {
        progress.show(
          () =>
            `${String(counts.rooms)} of ${String(total)} rooms: ${String(counts.joins)} joins, ${String(counts.leaves)} leaves`,
        );
      },
    });
  const counts = await withSinks({ surroundings, configuration, flags, run });
  await progress.end();
  await tell(counts, surroundings, isJson);
  return counts.isCutOff ? 1 : 0;
}

async function withSinks({
  surroundings,
  configuration,
  flags: { server },
  run,
}: {
  readonly surroundings: Surroundings;
  readonly configuration: Configuration;
  readonly flags: ImportFlags;
  readonly run: (sinks: { readonly memberships: Sink; readonly rooms: Sink }) => Promise<ImportCounts>;
}): Promise<ImportCounts> {
  const topics = topicNames(configuration.topics.prefix);
  if (server === undefined)
    return withLog(surroundings, configuration, 'write', (log) =>
      run({ memberships: logSink(log, topics.memberships), rooms: logSink(log, topics.rooms) }),
    );
  const { adminToken } = configuration.gateway;
  const shared = { surroundings, server, ...(adminToken === undefined ? {} : { token: adminToken }) };
  return run({
    memberships: serverSink({ ...shared, topic: 'memberships' }),
    rooms: serverSink({ ...shared, topic: 'rooms' }),
  });
}

async function tell(counts: ImportCounts, { stdout, stderr }: Surroundings, isJson: boolean): Promise<void> {
  const { rooms, joins, leaves, policies, unknown, isCutOff } = counts;
  const sentence = `${String(rooms)} rooms read: ${String(joins)} joins, ${String(leaves)} leaves and ${String(policies)} policies written`;
  await stdout.write(`${isJson ? JSON.stringify({ rooms, joins, leaves, policies, unknown }) : sentence}\n`);
  if (unknown > 0)
    await stderr.write(
      `${String(unknown)} rooms of the log are unknown to the homeserver; --remove-unknown lets everybody leave them.\n`,
    );
  if (isCutOff) await stderr.write('Stopped. The same command goes on there.\n');
}

export const addHomeserverCommands: AddCommands = (setting) => {
  const bridge = setting.program.command('bridge').description('the application service of a homeserver');
  bridge
    .command('registration')
    .description('write the registration file that homeserver and bridge share')
    .argument('[file]', 'where', 'rollcall-registration.yaml')
    .requiredOption('--server-name <name>', 'of the homeserver: the part behind the colon of its user ids')
    .requiredOption('--url <url>', 'where the homeserver reaches the bridge')
    .option('--id <id>', 'of the application service, and the name of its user', 'rollcall')
    .option('--json', 'the result as JSON')
    .addHelpText('after', registrationHelp)
    .action(async (file: string, flags: RegistrationFlags, command: Command) => {
      const path = writeRegistration(file, flags, setting.surroundings.folders);
      const told = setting.isJson(command) ? JSON.stringify({ file: path }) : path;
      await setting.surroundings.stdout.write(`${told}\n`);
    });
  const imports = setting.program.commands.find((command) => command.name() === 'import');
  imports
    ?.command('homeserver')
    .description('write the rooms and members that a homeserver has')
    .argument('<url>', 'its base URL, with /_synapse reachable')
    .option('--admin-token <token>', 'of an administrator of the homeserver; absent: HOMESERVER_ADMIN_TOKEN')
    .option('--server <url>', 'write through this server, which holds the log')
    .option('--remove-unknown', 'let everybody leave rooms that the homeserver does not know')
    .option('--json', 'the counts as JSON')
    .addHelpText('after', importHelp)
    .action(async (url: string, flags: ImportFlags, command: Command) => {
      setting.finish(await importHomeserver(setting, url, flags, setting.isJson(command)));
    });
};
