// Matrix clients that move between gateways all the time, whichever answers: they PUT, and they follow /sync by one token.
// Invariant: what was answered 200 is remembered, and every picture is made of what /sync said alone.
import { Draw } from '#libs/testing';

const PUT_EVERY_MS = 120;
const PATIENCE_MS = 15_000;
/** A gateway that is gone answers nothing for ever: nobody hammers it. */
const AFTER_FAULT_MS = 50;
const HIDING_ATTEMPTS = 60;
const HIDING_PAUSE_MS = 500;

export interface Seen {
  readonly presence: string;
  readonly statusMsg: string | undefined;
}

export interface AcknowledgedPut {
  readonly userId: string;
  readonly message: string;
}

interface Visitor {
  readonly userId: string;
  readonly token: string;
  since: string | undefined;
  readonly picture: Map<string, Seen>;
}

interface SyncBody {
  readonly next_batch: string;
  readonly presence?: {
    readonly events?: readonly {
      readonly sender: string;
      readonly content: { readonly presence: string; readonly status_msg?: string };
    }[];
  };
}

export const tokenOf = (userId: string): string => `token-of-${userId}`;

export class Visitors {
  readonly acknowledged: AcknowledgedPut[] = [];
  /** PUTs that were answered otherwise, or not at all. */
  refused = 0;
  polls = 0;
  readonly #draw: Draw;
  readonly #visitors: readonly Visitor[];
  #messages = 0;
  #putting: Promise<void> | undefined;
  #polling: Promise<unknown> | undefined;
  #state: 'stopped' | 'running' | 'watching' = 'stopped';

  /** `urls`: of the gateways that should be asked now. */
  constructor(
    users: readonly string[],
    private readonly urls: () => readonly string[],
    seed: number,
  ) {
    this.#draw = new Draw(seed);
    this.#visitors = users.map((userId) => ({ userId, token: tokenOf(userId), since: undefined, picture: new Map() }));
  }

  start(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    this.#putting = this.#put();
    this.#polling = Promise.all(this.#visitors.map((visitor) => this.#poll(visitor)));
  }

  /** No more PUTs; polls go on and claim nothing. A PUT of busy would stand for as long as they go on: everybody hides at last. */
  async watch(): Promise<void> {
    if (this.#state !== 'running') return;
    this.#state = 'watching';
    await this.#putting;
    await Promise.all(this.#visitors.map((visitor) => this.#hide(visitor)));
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    await Promise.all([this.#putting, this.#polling]);
  }

  /** What each sees of each; who never polled has no picture. */
  pictures(): ReadonlyMap<string, ReadonlyMap<string, Seen>> {
    const polled = this.#visitors.filter(({ since }) => since !== undefined);
    return new Map(polled.map(({ userId, picture }) => [userId, picture]));
  }

  async #put(): Promise<void> {
    const under: Promise<unknown>[] = [];
    while (this.#state === 'running') {
      under.push(this.#putOnce(this.#draw.of(this.#visitors)));
      await new Promise((resolve) => setTimeout(resolve, PUT_EVERY_MS));
    }
    await Promise.all(under);
  }

  async #hide(visitor: Visitor): Promise<void> {
    for (let left = HIDING_ATTEMPTS; left > 0; left -= 1) {
      if ((await this.#putOnce(visitor, 'offline')) === 'accepted') return;
      await new Promise((resolve) => setTimeout(resolve, HIDING_PAUSE_MS));
    }
    throw new Error(`${visitor.userId} could not hide: no gateway takes its PUT`);
  }

  async #putOnce(
    { userId, token }: Visitor,
    presence = this.#draw.of(['online', 'unavailable', 'busy', 'offline']),
  ): Promise<'accepted' | 'refused'> {
    this.#messages += 1;
    const message = `message ${this.#messages}`;
    const path = `/_matrix/client/v3/presence/${encodeURIComponent(userId)}/status`;
    const answer = await this.#ask(token, path, {
      method: 'PUT',
      body: JSON.stringify({ presence, status_msg: message }),
    });
    if (answer?.status !== 200) {
      this.refused += 1;
      return 'refused';
    }
    this.acknowledged.push({ userId, message });
    return 'accepted';
  }

  async #poll(visitor: Visitor): Promise<void> {
    while (this.#state !== 'stopped') {
      const query = new URLSearchParams({ timeout: '1000' });
      if (visitor.since !== undefined) query.set('since', visitor.since);
      if (this.#state === 'watching') query.set('set_presence', 'offline');
      const answer = await this.#ask(visitor.token, `/_matrix/client/v3/sync?${query.toString()}`, { method: 'GET' });
      if (answer?.status !== 200) {
        await new Promise((resolve) => setTimeout(resolve, AFTER_FAULT_MS));
        continue;
      }
      this.polls += 1;
      const body = answer.body as SyncBody;
      visitor.since = body.next_batch;
      for (const { sender, content } of body.presence?.events ?? [])
        visitor.picture.set(sender, { presence: content.presence, statusMsg: content.status_msg });
    }
  }

  async #ask(
    token: string,
    path: string,
    request: RequestInit,
  ): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
    const urls = this.urls();
    if (urls.length === 0) return undefined;
    try {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const response = await fetch(this.#draw.of(urls) + path, { ...request, headers, signal });
      return { status: response.status, body: await response.json() };
    } catch {
      return undefined;
    }
  }
}
