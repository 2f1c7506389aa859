// Clients that wait for presence, by long poll or by event stream, and when each of them saw which turn of which sender. A turn
// is a number in the status message. Invariant: what counts is when the news was read by the waiting client; a turn that
// was skipped for a later one (latest wins) counts as seen when the later one is.
import { Connection, requestText } from './connection.js';

export type WatchWay = 'poll' | 'stream';

export interface Watcher {
  readonly user: number;
  readonly token: string;
}

export interface WatchersOptions {
  readonly port: number;
  readonly way: WatchWay;
  readonly watchers: readonly Watcher[];
  /** `turn` of a sender reached a watcher. */
  readonly onSeen: (watcher: number, sender: string, turn: number) => void;
}

const TIMEOUT_MS = 30_000;
const OPENED_AT_ONCE = 50;

interface PresenceEvent {
  readonly sender: string;
  readonly content: { readonly status_msg?: string };
}

export class Watchers {
  readonly #connections: Connection[] = [];
  #closed = false;
  /** Events that were read. */
  events = 0;

  private constructor(private readonly options: WatchersOptions) {}

  /** Resolves when all of them wait for news. */
  static async open(options: WatchersOptions): Promise<Watchers> {
    const made = new Watchers(options);
    for (let from = 0; from < options.watchers.length; from += OPENED_AT_ONCE) {
      await Promise.all(options.watchers.slice(from, from + OPENED_AT_ONCE).map((watcher) => made.#open(watcher)));
    }
    return made;
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#connections) connection.close();
  }

  async #open({ user, token }: Watcher): Promise<void> {
    const connection = new Connection(this.options.port);
    this.#connections.push(connection);
    const first = await this.#sync(connection, token, '&timeout=0');
    if (this.options.way === 'stream') {
      const path = `/_rollcall/v1/stream?since=${encodeURIComponent(first.next)}`;
      connection.stream(requestText('GET', path, token), (event) => {
        this.#note(user, JSON.parse(event) as PresenceEvent);
      });
      return;
    }
    this.#poll(connection, { user, token }, first.next).catch((error: unknown) => {
      if (!this.#closed) throw error;
    });
  }

  async #poll(connection: Connection, { user, token }: Watcher, since: string): Promise<void> {
    for (let next = since; !this.#closed;) {
      const answer = await this.#sync(connection, token, `&timeout=${TIMEOUT_MS}&since=${encodeURIComponent(next)}`);
      next = answer.next;
      for (const event of answer.events) this.#note(user, event);
    }
  }

  async #sync(
    connection: Connection,
    token: string,
    query: string,
  ): Promise<{ readonly next: string; readonly events: readonly PresenceEvent[] }> {
    const path = `/_matrix/client/v3/sync?set_presence=offline${query}`;
    const { status, body } = await connection.ask(requestText('GET', path, token));
    if (status !== 200) throw new Error(`GET /sync: ${status} ${body}`);
    const { next_batch: next, presence } = JSON.parse(body) as {
      readonly next_batch: string;
      readonly presence: { readonly events: readonly PresenceEvent[] };
    };
    return { next, events: presence.events };
  }

  #note(user: number, { sender, content }: PresenceEvent): void {
    this.events += 1;
    const turn = Number(content.status_msg ?? Number.NaN);
    if (!Number.isNaN(turn)) this.options.onSeen(user, sender, turn);
  }
}
