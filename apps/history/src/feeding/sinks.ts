// Where judged lines go: the log itself, or the door of the server that holds it. Invariant: what `write` has resolved is
// durable, except the lines that it names; lines keep their order.
import { setTimeout as pause } from 'node:timers/promises';
import type { LineTopic } from '#libs/contracts';
import { type EventLog, RecordTooLargeError } from '#libs/event-log';
import { Failure } from '../failure.js';
import type { Surroundings } from '../surroundings.js';
import type { Judged } from './judging.js';

export type GoodLine = Extract<Judged, { kind: 'record' }>;
export type BadLine = Omit<Extract<Judged, { kind: 'bad' }>, 'kind'>;

export interface Sink {
  /** At most so many lines and bytes are handed over at once. */
  readonly maxLines: number;
  readonly maxBytes: number;
  /** Resolves to the lines that were refused after all. */
  write(lines: readonly GoodLine[]): Promise<readonly BadLine[]>;
}

const record = ({ key, value }: GoodLine): { key: string; value: string | Uint8Array } => ({ key, value });

export function logSink(log: EventLog, topic: string): Sink {
  return {
    maxLines: 10_000,
    maxBytes: 8 * 1024 * 1024,
    write: async (lines) => {
      try {
        await log.append(topic, lines.map(record));
        return [];
      } catch (error) {
        if (!(error instanceof RecordTooLargeError)) throw error;
      }
      // One of them is too large and the log took none: one by one, to name it.
      const refused: BadLine[] = [];
      for (const line of lines) {
        try {
          await log.append(topic, [record(line)]);
        } catch (error) {
          if (!(error instanceof RecordTooLargeError)) throw error;
          refused.push({ line: line.line, error: error.message });
        }
      }
      return refused;
    },
  };
}

interface Answer {
  readonly accepted: number;
  readonly rejected: readonly { readonly line: number; readonly error: string }[];
}

const attempts = 6;
const LINE_END = Buffer.from('\n');

/** Asks again while the server says that it cannot just now; anything else is for the caller. */
async function post(surroundings: Surroundings, url: string, init: RequestInit): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    let response: Response;
    try {
      response = await surroundings.fetch(url, init);
    } catch (error) {
      throw new Failure(`${new URL(url).origin} does not answer (${causeOf(error)}): is the server running there?`);
    }
    const isBusy = response.status === 503 || response.status === 429;
    if (!isBusy || attempt === attempts || surroundings.ending.aborted) return response;
    const seconds = Number(response.headers.get('retry-after') ?? '1');
    await response.arrayBuffer();
    await pause(Math.min(10, Math.max(0.1, Number.isFinite(seconds) ? seconds : 1)) * 1000);
  }
}

/** Fetch says only that it failed; why is in the cause. */
function causeOf(error: unknown): string {
  const { cause, message } = error as { cause?: { code?: string; message?: string }; message?: string };
  return cause?.code ?? cause?.message ?? message ?? 'no reason given';
}

async function refusal(response: Response, url: string): Promise<Failure> {
  const text = (await response.text()).slice(0, 500);
  if (response.status === 401 || response.status === 403) {
    return new Failure(
      `The server refuses this administrator token (${response.status}): set ADMIN_TOKEN to the server's own. Without one, dev|admin is sent, which only a server with development tokens takes.`,
    );
  }
  if (response.status === 404)
    return new Failure(`${url} does not exist: is --server the address of a Rollcall gateway?`);
  return new Failure(`The server answered ${response.status}: ${text}`);
}

export interface ServerSinkOptions {
  readonly surroundings: Surroundings;
  readonly server: string;
  readonly topic: LineTopic;
  /** ADMIN_TOKEN; absent: the development administrator. */
  readonly token?: string;
  /** The lines go in as they are, under this key. */
  readonly uncheckedKey?: string;
}

export function serverSink({
  surroundings,
  server,
  topic,
  token = 'dev|admin',
  uncheckedKey,
}: ServerSinkOptions): Sink {
  const door = new URL(`_rollcall/v1/${topic}`, server.endsWith('/') ? server : `${server}/`);
  if (uncheckedKey !== undefined)
    door.search = new URLSearchParams({ unchecked: 'true', key: uncheckedKey }).toString();
  const url = door.href;
  return {
    maxLines: 20_000,
    maxBytes: 8 * 1024 * 1024,
    write: async (lines) => {
      const body = Buffer.concat(lines.flatMap(({ value }) => [Buffer.from(value), LINE_END]));
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' };
      const response = await post(surroundings, url, { method: 'POST', headers, body });
      if (response.status !== 200) throw await refusal(response, url);
      const { rejected } = (await response.json()) as Answer;
      return rejected.map(({ line, error }) => ({ line: lines[line - 1]?.line ?? line, error }));
    },
  };
}
