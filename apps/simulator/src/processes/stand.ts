// All of Rollcall in one process (`npm start`), measured from outside: on an embedded log of its own, or on a workbench's
// Kafka. Invariant: the process and its folder are gone afterwards; the users' tokens are those that an operator would give.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { topicNames, type TopicNames } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { PassingFolder } from '#libs/testing';
import { openEmbeddedBenchLog } from '../kafka/bench-log.module.js';
import type { Workbench } from '../kafka/workbench.js';
import { userIdOf } from '../input-mix.js';
import { MeasuredProcess } from './measured-process.js';
import { PROGRAMS } from './programs.js';

const ADMIN = 'bench-administrator';
const SERVES = /serves on http:\/\/127\.0\.0\.1:(\d+)/;

export interface StandOptions {
  readonly users: number;
  /** Absent: the embedded log. */
  readonly bench?: Workbench | undefined;
  readonly environment?: Readonly<Record<string, string>>;
  readonly profile?: string | undefined;
}

export class Stand {
  private constructor(
    readonly process: MeasuredProcess,
    readonly port: number,
    private readonly folder: PassingFolder,
    private readonly options: StandOptions,
  ) {}

  static async start(options: StandOptions): Promise<Stand> {
    const folder = new PassingFolder('bench');
    const tokens = join(folder.path, 'tokens.json');
    writeFileSync(tokens, tokensOf(options.users));
    const started = MeasuredProcess.node(
      'standalone',
      PROGRAMS.standalone,
      {
        DATA_DIR: join(folder.path, 'log'),
        HTTP_PORT: '0',
        LOG_LEVEL: 'warn',
        STATIC_TOKENS_FILE: tokens,
        ADMIN_TOKEN: ADMIN,
        PUT_PER_SECOND: '1000000',
        PUT_BURST: '1000000',
        ...options.bench?.environment,
        ...options.environment,
      },
      { profile: options.profile },
    );
    try {
      const [, port] = await started.printed(SERVES);
      return new Stand(started, Number(port), folder, options);
    } catch (error) {
      await started.stop();
      folder.remove();
      throw error;
    }
  }

  get topics(): TopicNames {
    return this.options.bench?.topics ?? topicNames('presence.');
  }

  /** For looking at topics from outside, beside the running process. The caller closes an embedded one. */
  async openLog(): Promise<EventLog> {
    return this.options.bench?.log ?? openEmbeddedBenchLog(join(this.folder.path, 'log'));
  }

  get logName(): string {
    return this.options.bench === undefined ? 'embedded' : 'kafka';
  }

  /** The administrator's token. */
  get administrator(): string {
    return ADMIN;
  }

  token(user: number): string {
    return tokenOf(user);
  }

  /** Posts lines to one of the administrator's doors. */
  async post(door: 'memberships' | 'activity' | 'commands' | 'rooms', lines: string): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.port}/_rollcall/v1/${door}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/x-ndjson' },
      body: lines,
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`POST ${door}: ${response.status} ${text}`);
  }

  async stop(): Promise<void> {
    await this.process.stop();
    this.folder.remove();
  }
}

function tokenOf(user: number): string {
  return `bench-token-${user}`;
}

function tokensOf(users: number): string {
  const tokens: Record<string, object> = {};
  for (let user = 0; user < users; user += 1) {
    tokens[tokenOf(user)] = { user_id: userIdOf(user), device_id: 'PHONE' };
  }
  return JSON.stringify(tokens);
}
