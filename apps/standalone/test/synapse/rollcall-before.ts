// Rollcall in front of a Synapse, as an operator puts it there: the built programs, a registration file that the command line
// wrote, and the embedded log. Invariant: what is asserted of memberships is read from the log itself.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EventLog } from '#libs/event-log';
import { EmbeddedEventLog } from '#libs/event-log-embedded';
import { repositoryRoot, type Synapse } from '#libs/testing';
import { Program } from '../program.js';
import { membershipsIn } from './log-words.js';

const run = promisify(execFile);
export const ADMIN_TOKEN = 'rollcall-admin';
const TOPIC_PREFIX = 'presence.';

export interface Imported {
  readonly rooms: number;
  readonly joins: number;
  readonly leaves: number;
  readonly policies: number;
  readonly unknown: number;
}

/** What is killed and started again by itself. */
export interface Part {
  readonly name: string;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Resolves when it serves. */
  start(): Promise<void>;
}

/** `npm run -s rollcall -- WORDS` in a folder; what it told. */
export async function command(
  folder: string,
  environment: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<string> {
  const file = join(repositoryRoot(), 'dist', 'apps', 'history', 'src', 'main.js');
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ADMIN_TOKEN, ...environment };
  return (await run(process.execPath, [file, ...words], { cwd: folder, env })).stdout;
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

  get urls(): readonly string[] {
    return [this.url];
  }

  get parts(): readonly Part[] {
    const kill = (signal: NodeJS.Signals): Promise<void> => this.stop(signal);
    return [{ name: 'rollcall', kill, start: () => this.start() }];
  }

  async writeRegistration(bridgeUrl = this.url): Promise<void> {
    const words = ['--server-name', 'localhost', '--url', bridgeUrl, this.registrationFile];
    await command(this.folder, this.#surroundings, 'bridge', 'registration', ...words);
  }

  async importRooms(adminToken: string): Promise<Imported> {
    const environment = { ...this.#surroundings, HOMESERVER_ADMIN_TOKEN: adminToken };
    const words = ['import', 'homeserver', this.synapse.url, '--server', this.url, '--json'];
    return JSON.parse(await command(this.folder, environment, ...words)) as Imported;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    this.#program = Program.start('standalone', {
      HTTP_PORT: String(this.port),
      HOMESERVER_URL: this.synapse.url,
      BRIDGE_REGISTRATION_FILE: this.registrationFile,
      ADMIN_TOKEN,
      ...this.#surroundings,
    });
    await this.#program.url();
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    await this.#program?.kill(signal);
  }

  /** What the log says; it is read where it lies, beside the server. */
  async read<T>(look: (log: EventLog, prefix: string) => Promise<T>): Promise<T> {
    const log = await EmbeddedEventLog.open({ directory: join(this.folder, 'data'), readOnly: true });
    try {
      return await look(log, TOPIC_PREFIX);
    } finally {
      await log.close();
    }
  }

  /** Who is joined where, as lines of room and user. */
  async joinedInLog(): Promise<string[]> {
    const words = await this.read(membershipsIn);
    return [...words].flatMap(([pair, word]) => (word === 'join' ? [pair] : [])).sort();
  }

  get #surroundings(): Record<string, string> {
    return { DATA_DIR: join(this.folder, 'data'), ...this.environment };
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
