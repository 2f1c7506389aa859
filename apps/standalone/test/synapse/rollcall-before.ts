// Rollcall in front of a Synapse, as an operator puts it there: the built programs, a registration file that the command line
// wrote, and the embedded log. Invariant: what is asserted of memberships is read from the log itself.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decodeMembership, topicNames } from '#libs/contracts';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { repositoryRoot, type Synapse } from '#libs/testing';
import { Program } from '../program.js';

const run = promisify(execFile);
const ADMIN_TOKEN = 'rollcall-admin';

export interface Imported {
  readonly rooms: number;
  readonly joins: number;
  readonly leaves: number;
  readonly policies: number;
  readonly unknown: number;
}

export class RollcallBefore {
  #program: Program | undefined;

  constructor(
    private readonly synapse: Synapse,
    private readonly folder: string,
    private readonly port: number,
    private readonly environment: Readonly<Record<string, string>>,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  get registrationFile(): string {
    return join(this.folder, 'rollcall.yaml');
  }

  async writeRegistration(): Promise<void> {
    await this.#command(
      'bridge',
      'registration',
      '--server-name',
      'localhost',
      '--url',
      this.url,
      this.registrationFile,
    );
  }

  async importRooms(adminToken: string): Promise<Imported> {
    const told = await this.#command('import', 'homeserver', this.synapse.url, '--server', this.url, '--json', {
      HOMESERVER_ADMIN_TOKEN: adminToken,
    });
    return JSON.parse(told) as Imported;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    this.#program = Program.start('standalone', {
      DATA_DIR: join(this.folder, 'data'),
      HTTP_PORT: String(this.port),
      HOMESERVER_URL: this.synapse.url,
      BRIDGE_REGISTRATION_FILE: this.registrationFile,
      ADMIN_TOKEN,
      ...this.environment,
    });
    await this.#program.url();
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    await this.#program?.kill(signal);
  }

  /** Who is joined where, as lines of room and user. */
  async joinedInLog(): Promise<string[]> {
    const log = await EmbeddedEventLog.open({ directory: join(this.folder, 'data'), readOnly: true });
    const joined = new Set<string>();
    const topic = topicNames('presence.').memberships;
    for (const [partition, end] of (await log.ends(topic)).entries()) {
      for await (const { records } of log.read(topic, partition, 0, end)) {
        for (const { key, value } of records) {
          const decoded = decodeMembership(textOf(value), textOf(key));
          if (!decoded.ok) throw new Error(`a membership that cannot be read: ${String(textOf(value))}`);
          const { roomId, userId, membership } = decoded.record;
          if (membership === 'join') joined.add(`${roomId} ${userId}`);
          else joined.delete(`${roomId} ${userId}`);
        }
      }
    }
    await log.close();
    return [...joined].sort();
  }

  async #command(...words: readonly (string | Readonly<Record<string, string>>)[]): Promise<string> {
    const file = join(repositoryRoot(), 'dist', 'apps', 'history', 'src', 'main.js');
    const args = words.filter((word): word is string => typeof word === 'string');
    const more = words.find((word): word is Readonly<Record<string, string>> => typeof word !== 'string');
    const env = {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      DATA_DIR: join(this.folder, 'data'),
      ADMIN_TOKEN,
      ...this.environment,
      ...more,
    };
    return (await run(process.execPath, [file, ...args], { cwd: this.folder, env })).stdout;
  }
}

/** The same of the homeserver itself. */
export async function joinedAtSynapse({ url }: Synapse, adminToken: string): Promise<string[]> {
  const ask = async <Body>(path: string): Promise<Body> =>
    (await (
      await fetch(`${url}/_synapse/admin/v1/rooms${path}`, { headers: { authorization: `Bearer ${adminToken}` } })
    ).json()) as Body;
  const { rooms } = await ask<{ rooms: { room_id: string }[] }>('?limit=500');
  const joined: string[] = [];
  for (const { room_id: roomId } of rooms) {
    const { members } = await ask<{ members: string[] }>(`/${encodeURIComponent(roomId)}/members`);
    joined.push(...members.map((userId) => `${roomId} ${userId}`));
  }
  return joined.sort();
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString('utf8');
}
