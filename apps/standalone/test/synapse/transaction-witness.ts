// Stands between Synapse and the bridge and remembers what was answered 200. Invariant: bytes go through as they are, both ways, unless it is told to keep them; it
// is never killed, so it alone knows what the homeserver has handed over for good, and in which order.
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { MembershipWord } from '#libs/contracts';
import { parseJsonObject } from '#libs/matrix';

interface HandedOver {
  readonly event_id: string;
  readonly type: string;
  readonly room_id: string;
  readonly state_key?: string;
  readonly content: { readonly membership?: MembershipWord };
  readonly origin_server_ts: number;
}

export interface ToldWord {
  readonly word: MembershipWord;
  readonly eventId: string;
  /** Milliseconds since the Unix epoch, by the homeserver. */
  readonly sentMs: number;
}

/**
 * Of what was handed over of a pair, in that order: what counts is what stands last in the room's timeline (ids, oldest first),
 * however late it came; where none of it stands there, the last.
 */
export function lastThatCounts(told: readonly ToldWord[], timeline: readonly string[]): ToldWord | undefined {
  let last: ToldWord | undefined;
  let lastPlace = -1;
  for (const word of told) {
    const place = timeline.indexOf(word.eventId);
    if (place < lastPlace) continue;
    [last, lastPlace] = [word, place];
  }
  return last;
}

export class TransactionWitness {
  /** Ids of all events that were handed over. */
  readonly events = new Set<string>();
  /** By `ROOM USER`: all words in the order in which they were handed over. */
  readonly memberships = new Map<string, ToldWord[]>();
  /** Transactions that were answered 200, and those that were not. */
  taken = 0;
  failed = 0;
  /**
   * What it does with transactions: passes them on, or answers 500 without passing them on, or leaves open those in which a text
   * stands. Not simply the next: a homeserver also tells, by itself and at any time, who stopped typing, and tells one after the other.
   */
  way: 'pass' | 'refuse' | { readonly leaveOpenWith: string } = 'pass';
  /** Those left open or refused. */
  readonly kept: string[] = [];
  readonly #server: Server;

  private constructor(
    readonly port: number,
    private readonly bridgeUrl: () => string,
  ) {
    this.#server = createServer((asked, answer) => {
      this.#pass(asked, answer).catch(() => {
        this.failed += 1;
        answer.writeHead(502).end('{}');
      });
    });
  }

  /** `bridgeUrl`: asked at every request. */
  static async start(port: number, bridgeUrl: () => string): Promise<TransactionWitness> {
    const witness = new TransactionWitness(port, bridgeUrl);
    await new Promise<void>((listening) => witness.#server.listen(port, '127.0.0.1', listening));
    return witness;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  async #pass(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const body = await bytesOf(asked);
    if (this.way !== 'pass' && (this.way === 'refuse' || body.includes(this.way.leaveOpenWith))) {
      this.kept.push(body.toString('utf8'));
      if (this.way === 'refuse') answer.writeHead(500).end('{}');
      return;
    }
    const { method, headers } = asked;
    const forwarded = await new Promise<IncomingMessage>((resolve, reject) => {
      const on = request(`${this.bridgeUrl()}${asked.url ?? ''}`, { method, headers, agent: false }, resolve);
      on.once('error', reject).end(body);
    });
    const told = await bytesOf(forwarded);
    const isTransaction = asked.url?.includes('/transactions/') === true;
    if (isTransaction && forwarded.statusCode === 200) this.#remember(body);
    else if (isTransaction) this.failed += 1;
    answer.writeHead(forwarded.statusCode ?? 502, { 'content-type': 'application/json' }).end(told);
  }

  #remember(body: Buffer): void {
    this.taken += 1;
    const read = parseJsonObject(body.toString('utf8'));
    const events = (read.ok ? (read.value['events'] ?? []) : []) as readonly HandedOver[];
    for (const event of events) {
      const { event_id: eventId, type, room_id: roomId, state_key: userId, content, origin_server_ts: sentMs } = event;
      this.events.add(eventId);
      if (type !== 'm.room.member' || userId === undefined || content.membership === undefined) continue;
      const pair = `${roomId} ${userId}`;
      const told = this.memberships.get(pair) ?? [];
      this.memberships.set(pair, [...told, { word: content.membership, eventId, sentMs }]);
    }
  }
}

async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
