// A real Synapse, its presence off unless it is asked for, as a process that a test or benchmark starts, stops and starts again on
// the same database. Invariant: only processes started here are ended, none outlives whoever started it, and one that does not
// serve says why.
import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../kafka/until.js';
import { SYNAPSE, pythonWith } from './python-packages.js';

const START_LIMIT_MS = 60_000;
const SECRET = 'registration-secret';
const GENEROUS = { per_second: 100_000, burst_count: 100_000 };
const RATES = {
  rc_message: GENEROUS,
  rc_registration: GENEROUS,
  rc_login: { address: GENEROUS, account: GENEROUS, failed_attempts: GENEROUS },
  rc_joins: { local: GENEROUS, remote: GENEROUS },
  rc_joins_per_room: GENEROUS,
  rc_room_creation: GENEROUS,
  rc_presence: { per_user: GENEROUS },
  rc_invites: { per_room: GENEROUS, per_user: GENEROUS, per_issuer: GENEROUS },
};

export interface Registered {
  readonly userId: string;
  readonly token: string;
  readonly deviceId: string;
}

export class Synapse {
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  readonly #onExit = (): void => void this.#child?.kill('SIGKILL');

  private constructor(
    private readonly python: string,
    private readonly folder: string,
    readonly port: number,
    private readonly presence: boolean,
  ) {}

  static async prepare(
    folder: string,
    port: number,
    presence: 'its own presence' | 'no presence' = 'no presence',
  ): Promise<Synapse> {
    const synapse = new Synapse(await pythonWith(SYNAPSE), folder, port, presence === 'its own presence');
    mkdirSync(join(folder, 'media'));
    const key = randomBytes(32).toString('base64').replace(/=+$/, '');
    writeFileSync(join(folder, 'signing.key'), `ed25519 a_test ${key}\n`);
    const logging = {
      version: 1,
      handlers: { file: { class: 'logging.FileHandler', filename: join(folder, 'synapse.log') } },
      root: { level: 'WARNING', handlers: ['file'] },
    };
    // JSON is YAML.
    writeFileSync(join(folder, 'logging.yaml'), JSON.stringify(logging));
    return synapse;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  /** Of the running process; -1 = it does not run. */
  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  get databaseFile(): string {
    return join(this.folder, 'synapse.db');
  }

  /** Begins with what another one has stored, which must be stopped. */
  copyFrom({ databaseFile }: Synapse): void {
    for (const end of ['', '-wal', '-shm'])
      if (existsSync(databaseFile + end)) cpSync(databaseFile + end, this.databaseFile + end);
  }

  /** Resolves when it serves. */
  async start(registrationFiles: readonly string[] = []): Promise<void> {
    const file = join(this.folder, 'homeserver.yaml');
    writeFileSync(file, JSON.stringify(this.#configuration(registrationFiles)));
    const child = spawn(this.python, ['-m', 'synapse.app.homeserver', '-c', file], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-4_000)));
    this.#child = child;
    process.prependOnceListener('exit', this.#onExit);
    this.#ended = new Promise((resolve) => {
      child.once('close', () => {
        process.off('exit', this.#onExit);
        resolve();
      });
    });
    const serves = async (): Promise<boolean> => {
      if (child.exitCode !== null) throw new Error(`Synapse ended with ${String(child.exitCode)}: ${said}`);
      try {
        return (await fetch(`${this.url}/health`)).status === 200;
      } catch {
        // Refused: it does not listen yet.
        return false;
      }
    };
    await until(serves, Boolean, START_LIMIT_MS);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#child?.kill(signal);
    await this.#ended;
  }

  /** What it complained of. */
  log(): string {
    return readFileSync(join(this.folder, 'synapse.log'), 'utf8');
  }

  /** Runs SQL on its database while it does not run, as an operator would with sqlite3. */
  async sql(statement: string): Promise<void> {
    const program = 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()';
    const child = spawn(this.python, ['-c', program, this.databaseFile, statement], { stdio: 'inherit' });
    const code = await new Promise((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`${statement} failed`);
  }

  /** By the shared secret, as `register_new_matrix_user` does it. */
  async register(name: string, kind: 'admin' | 'notadmin' = 'notadmin', url = this.url): Promise<Registered> {
    const path = `${url}/_synapse/admin/v1/register`;
    const { nonce } = (await (await fetch(path)).json()) as { nonce: string };
    const words = [nonce, name, passwordOf(name), kind];
    const mac = createHmac('sha1', SECRET).update(words.join('\0')).digest('hex');
    const body = { nonce, username: name, password: passwordOf(name), admin: kind === 'admin', mac };
    const answer = await fetch(path, { method: 'POST', body: JSON.stringify(body) });
    const told = (await answer.json()) as { user_id: string; access_token: string; device_id: string };
    if (answer.status !== 200) throw new Error(`${name} was not registered: ${JSON.stringify(told)}`);
    return { userId: told.user_id, token: told.access_token, deviceId: told.device_id };
  }

  #configuration(registrationFiles: readonly string[]): object {
    return {
      server_name: 'localhost',
      report_stats: false,
      listeners: [
        {
          port: this.port,
          type: 'http',
          tls: false,
          x_forwarded: true,
          bind_addresses: ['127.0.0.1'],
          resources: [{ names: ['client'], compress: false }],
        },
      ],
      database: { name: 'sqlite3', args: { database: this.databaseFile } },
      log_config: join(this.folder, 'logging.yaml'),
      media_store_path: join(this.folder, 'media'),
      signing_key_path: join(this.folder, 'signing.key'),
      macaroon_secret_key: 'macaroons',
      form_secret: 'forms',
      registration_shared_secret: SECRET,
      bcrypt_rounds: 4,
      filter_timeline_limit: 1_000,
      presence: { enabled: this.presence },
      trusted_key_servers: [],
      suppress_key_server_warning: true,
      app_service_config_files: registrationFiles,
      ...RATES,
    };
  }
}

export function passwordOf(name: string): string {
  return `password of ${name}`;
}
