// One client of a side, as real ones are: it syncs with the token that it was given last, waits by long poll or by event stream, and
// counts the presence that it reads. Invariant: between two phases it has no connection, but remembers where it was.
import { Connection, requestText } from '../load/connection.js';
import type { Registered } from '#libs/testing';
import type { Side } from './side.js';

export interface PresenceEvent {
  readonly sender: string;
  readonly content: { readonly presence: string; readonly status_msg?: string };
}

export interface Waiting {
  readonly way: 'poll' | 'stream';
  readonly timeoutMs: number;
  /** `set_presence`. */
  readonly claim: 'online' | 'offline';
  readonly onEvent?: (event: PresenceEvent) => void;
}

const FIRST = JSON.stringify({ room: { timeline: { limit: 1 }, state: { lazy_load_members: true } } });

interface SyncBody {
  readonly next_batch: string;
  readonly presence?: { readonly events?: readonly PresenceEvent[] };
}

export class Client {
  #connection: Connection | undefined;
  #since = '';
  /** Presence events read. */
  events = 0;
  polls = 0;

  constructor(
    private readonly side: Pick<Side, 'port'>,
    readonly person: Registered,
  ) {}

  /** The first sync of all; from there on there is only news. */
  async begin(): Promise<void> {
    const connection = new Connection(this.side.port);
    const query = `timeout=0&set_presence=offline&filter=${encodeURIComponent(FIRST)}`;
    await this.#sync(connection, query);
    connection.close();
  }

  /** Waits for news until `end`. */
  wait(waiting: Waiting): void {
    const connection = new Connection(this.side.port);
    this.#connection = connection;
    if (waiting.way === 'stream') this.#stream(connection, waiting);
    else this.#poll(connection, waiting).catch((error: unknown) => this.#failed(connection, error));
  }

  end(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** A sync that finds nothing and does not wait, ms. */
  async lookMs(connection: Connection): Promise<number> {
    const startedMs = performance.now();
    await this.#sync(connection, this.#query(0, 'offline'));
    return performance.now() - startedMs;
  }

  async #poll(connection: Connection, { timeoutMs, claim, onEvent }: Waiting): Promise<void> {
    while (this.#connection === connection) {
      const events = await this.#sync(connection, this.#query(timeoutMs, claim));
      this.polls += 1;
      this.events += events.length;
      if (onEvent !== undefined) events.forEach(onEvent);
    }
  }

  #stream(connection: Connection, { onEvent }: Waiting): void {
    const path = `/_rollcall/v1/stream?since=${encodeURIComponent(oursOf(this.#since))}`;
    connection.stream(requestText('GET', path, this.person.token), (text) => {
      this.events += 1;
      onEvent?.(JSON.parse(text) as PresenceEvent);
    });
  }

  #query(timeoutMs: number, claim: string): string {
    return `timeout=${timeoutMs}&set_presence=${claim}&since=${encodeURIComponent(this.#since)}`;
  }

  async #sync(connection: Connection, query: string): Promise<readonly PresenceEvent[]> {
    const path = `/_matrix/client/v3/sync?${query}`;
    const { status, body } = await connection.ask(requestText('GET', path, this.person.token));
    if (status !== 200) throw new Error(`GET /sync: ${status} ${body}`);
    const { next_batch: next, presence } = JSON.parse(body) as SyncBody;
    this.#since = next;
    return presence?.events ?? [];
  }

  #failed(connection: Connection, error: unknown): void {
    // A poll that was under way when the phase ended.
    if (this.#connection !== connection) return;
    throw error;
  }
}

/** Of a token of both, the part that is ours. */
function oursOf(token: string): string {
  return /^rc~([^~]*)~/.exec(token)?.[1] ?? token;
}
