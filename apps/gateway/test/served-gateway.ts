// The gateway as a process serves it, on a log in memory that may fail on command, with nothing behind it: no aggregator, no
// fan-out. Invariant: real HTTP, the module and the adapter of the service; waits for visibility are cut short, since nobody
// folds here.
import { topicSpecs } from '#libs/contracts';
import { FaultyEventLog, MemoryEventLog, type Clock, type LogFaults } from '#libs/event-log';
import {
  Journal,
  LogModule,
  WallClock,
  readConfiguration,
  serve,
  type Environment,
  type RunningProcess,
} from '#libs/runtime';
import { Module } from '@nestjs/common';
import { request, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http';
import { GatewayModule, gatewayAdapter, prepareGateway, type GatewayBounds } from '../src/index.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Asked {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
  /** Absent: alice on her phone. */
  readonly token?: string | null;
}

@Module({})
class ServedModule {}

/** The wall clock, moved ahead by a test. */
export class AheadClock extends WallClock {
  aheadMs = 0;

  override nowMs(): number {
    return super.nowMs() + this.aheadMs;
  }

  override wakeAt(atMs: number, callback: () => void): () => void {
    return super.wakeAt(atMs - this.aheadMs, callback);
  }
}

export const ALICE = '@alice:localhost';

export class ServedGateway {
  private constructor(
    readonly running: RunningProcess,
    readonly faults: LogFaults,
    readonly lines: readonly string[],
  ) {}

  static async start(
    environment: Environment = {},
    { clock, bounds = {} }: { readonly clock?: Clock; readonly bounds?: Partial<GatewayBounds> } = {},
  ): Promise<ServedGateway> {
    const faults: LogFaults = {};
    const log = new FaultyEventLog(new MemoryEventLog(), faults);
    const { configuration } = readConfiguration(
      { HTTP_PORT: '0', PARTITIONS: '2', DELIVERY_PARTITIONS: '2', ...environment },
      'standalone',
    );
    const lines: string[] = [];
    const running = await serve({
      configuration,
      journal: Journal.open({ level: 'debug', destination: { write: (line: string) => lines.push(line) } }),
      ...(clock === undefined ? {} : { clock }),
      adapter: gatewayAdapter,
      prepare: prepareGateway,
      module: ({ topics }) => ({
        module: ServedModule,
        imports: [
          LogModule.with({
            open: () => Promise.resolve(log),
            prepare: (opened) => opened.createTopics(topicSpecs(topics)),
          }),
          GatewayModule.within({ maxVisibleMs: 20, ...bounds }),
        ],
      }),
    });
    return new ServedGateway(running, faults, lines);
  }

  get url(): URL {
    return new URL(String(this.running.url));
  }

  stop(): Promise<unknown> {
    this.faults.unreachable = false;
    return this.running.stop();
  }

  /** With node:http: any method, header and path may be sent. */
  ask(method: string, path: string, { headers = {}, body, token = `dev|${ALICE}|PHONE` }: Asked = {}): Promise<Answer> {
    const { hostname, port } = this.url;
    return new Promise((resolve, reject) => {
      const bearer = token === null ? {} : { authorization: `Bearer ${token}` };
      const sent = request(
        { host: hostname, port, method, path, headers: { ...bearer, ...headers }, agent: false },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, body: objectOf(text) });
          });
          answer.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(body);
    });
  }

  put(body: unknown, asked: Asked = {}): Promise<Answer> {
    return this.ask('PUT', statusPath(ALICE), {
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...asked,
    });
  }

  async records(topic: string): Promise<Record<string, unknown>[]> {
    const { log } = this.running;
    const found: Record<string, unknown>[] = [];
    for (const [partition, end] of (await log.ends(topic)).entries()) {
      for await (const batch of log.read(topic, partition, 0, end)) {
        for (const { value } of batch.records) if (value !== null) found.push(objectOf(Buffer.from(value).toString()));
      }
    }
    return found;
  }
}

export function statusPath(userId: string): string {
  return `/_matrix/client/v3/presence/${encodeURIComponent(userId)}/status`;
}

function objectOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Polls until it gives something. */
export async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 20_000; Date.now() < end;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`waited in vain for ${what}`);
}
