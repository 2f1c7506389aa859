// `rollcall topics rights` as it is typed: what a Kafka with access control must grant, as commands of Kafka's own tool. Invariant: it
// asks and changes nothing.
import type { Command } from 'commander';
import { KAFKA_CLIENTS, recipientRights, rightsOf, type Right } from '#libs/contracts';
import { isUserId } from '#libs/matrix';
import { only, type CommandSetting } from '../command-setting.js';
import { Failure } from '../failure.js';

const HELP = `
Each line is a command for an administrator of the cluster; where it asks for credentials, give it their file:
  rollcall topics rights aggregator --principal User:CN=aggregator --command-config admin.properties | sh -e
  rollcall topics rights recipient @bot:example.org
A producer tells of activity, an analyst reads everything (also the private topics: re-folding needs them), an operator may import,
produce and forget too, and a recipient follows one topic of its own. topics create, add and copy, and doctor, which tries every
right, are run as an administrator; so is npm start on Kafka.
`;

const CLIENTS = [...KAFKA_CLIENTS, 'recipient'] as const;
type Client = (typeof CLIENTS)[number];

interface RightsOptions {
  readonly principal?: string;
  readonly commandConfig?: string;
}

export function addRightsCommand(topics: Command, setting: CommandSetting): void {
  topics
    .command('rights')
    .description('what a Kafka with access control must grant, as kafka-acls.sh commands')
    .argument('<client>', CLIENTS.join(', '), only(...CLIENTS))
    .argument('[user]', 'of a recipient’s topic, such as @bot:example.org')
    .option('--principal <name>', 'as the cluster knows it (default: User:rollcall-CLIENT)')
    .option('--command-config <file>', 'properties with an administrator’s credentials, for kafka-acls.sh')
    .option('--json', 'the rights as JSON')
    .addHelpText('after', HELP)
    .action(async (client: Client, user: string | undefined, options: RightsOptions, command: Command) => {
      const { topics: counts, kafka } = setting.configuration();
      const rights = granted(client, user, counts.prefix);
      const { principal = `User:rollcall-${client}`, commandConfig } = options;
      const credentials = commandConfig === undefined ? [] : ['--command-config', commandConfig];
      const brokers = ['--bootstrap-server', kafka?.brokers.join(',') ?? 'BROKER'];
      const head = ['kafka-acls.sh', ...brokers, ...credentials, '--add', '--allow-principal', principal];
      const lines = rights.map((right) => `${[...head, ...wordsOf(right)].map(quoted).join(' ')}\n`);
      const told = setting.isJson(command) ? `${JSON.stringify({ principal, rights })}\n` : lines.join('');
      await setting.surroundings.stdout.write(told);
    });
}

function granted(client: Client, user: string | undefined, prefix: string): readonly Right[] {
  if (client !== 'recipient') {
    if (user !== undefined) throw new Failure(`a user is named for a recipient, not for ${client}`, 2);
    return rightsOf(client, prefix);
  }
  if (user !== undefined && isUserId(user)) return recipientRights(user, prefix);
  const given = user === undefined ? 'nobody is named' : `${user} is none`;
  throw new Failure(
    `rights of a recipient are for the topic of a Matrix user id, such as @bot:example.org; ${given}`,
    2,
  );
}

function wordsOf({ operations, pattern, resources }: Right): string[] {
  return [
    ...operations.flatMap((operation) => ['--operation', operation]),
    ...resources.flatMap(({ type, name }) => [`--${type}`, name]),
    ...(pattern === 'prefixed' ? ['--resource-pattern-type', 'prefixed'] : []),
  ];
}

/** For a shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
