// Matrix clients that move between gateways all the time, whichever answers: they PUT, and they follow /sync, or the stream, by
// one token. Invariant: what was answered 200 is remembered, and so is what was not; every picture is made of what they
// were told alone.
import { Draw } from '#libs/testing';
import { eventsOf, followStream, type PresenceSeen } from './stream.js';

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

/** A request without the answer that it should have had. */
export interface Failure {
  readonly url: string;
  readonly begunMs: number;
  /** The status; absent = the connection was refused, or lost. */
  readonly status?: number;
}

export interface VisitorsOptions {
  readonly users: readonly string[];
  /** Of the gateways that should be asked now. */
  readonly urls: () => readonly string[];
  readonly seed: number;
  /** How many of the users follow the stream instead of /sync. */
  readonly streams?: number;
  /** Nobody says offline before `watch`. */
  readonly steady?: boolean;
}

interface Visitor {
  readonly userId: string;
  readonly token: string;
  readonly follows: 'sync' | 'stream';
  since: string | undefined;
  readonly picture: Map<string, Seen>;
}

export const tokenOf = (userId: string): string => `token-of-${userId}`;

export class Visitors {
  readonly acknowledged: AcknowledgedPut[] = [];
  /** PUTs that were answered otherwise, or not at all. */
  refused = 0;
  polls = 0;
  /** Streams that were opened. */
  streams = 0;
  readonly failures: Failure[] = [];
  /** The longest that one request waited for its answer, milliseconds. */
  longestMs = 0;
  /** Who was told, while everybody was there, that one of them is offline. */
  readonly toldOffline: string[] = [];
  readonly #draw: Draw;
  readonly #visitors: readonly Visitor[];
  readonly #urls: () => readonly string[];
  readonly #words: readonly string[];
  /** Ends the streams that claim something. */
  #streaming = new AbortController();
  #messages = 0;
  #putting: Promise<void> | undefined;
  #polling: Promise<unknown> | undefined;
  #state: 'stopped' | 'running' | 'watching' = 'stopped';

  constructor({ users, urls, seed, streams = 0, steady = false }: VisitorsOptions) {
    this.#draw = new Draw(seed);
    this.#urls = urls;
    this.#words = ['online', 'unavailable', 'busy', ...(steady ? [] : ['offline'])];
    this.#visitors = users.map((userId, index) => ({
      userId,
      token: tokenOf(userId),
      follows: index < streams ? 'stream' : 'sync',
      since: undefined,
      picture: new Map(),
    }));
  }

  start(): void {
    if (this.#state !== 'stopped') return;
    this.#state = 'running';
    this.#putting = this.#put();
    const follow = (visitor: Visitor): Promise<void> =>
      visitor.follows === 'stream' ? this.#stream(visitor) : this.#poll(visitor);
    this.#polling = Promise.all(this.#visitors.map(follow));
  }

  /** No more PUTs; polls go on and claim nothing. A PUT of busy would stand for as long as they go on: everybody hides at last. */
  async watch(): Promise<void> {
    if (this.#state !== 'running') return;
    this.#state = 'watching';
    this.#endStreams();
    await this.#putting;
    await Promise.all(this.#visitors.map((visitor) => this.#hide(visitor)));
  }

  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#endStreams();
    await Promise.all([this.#putting, this.#polling]);
  }

  #endStreams(): void {
    this.#streaming.abort();
    this.#streaming = new AbortController();
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

  async #putOnce({ userId, token }: Visitor, presence = this.#draw.of(this.#words)): Promise<'accepted' | 'refused'> {
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
      const { since, events } = eventsOf(answer.body);
      visitor.since = since;
      for (const event of events) this.#see(visitor, event);
    }
  }

  async #stream(visitor: Visitor): Promise<void> {
    while (this.#state !== 'stopped') {
      const urls = this.#urls();
      const url = urls.length === 0 ? undefined : this.#draw.of(urls);
      if (url !== undefined) {
        const begunMs = performance.now();
        const { signal } = this.#streaming;
        const { token, since } = visitor;
        const claim = this.#state === 'running' ? 'online' : 'offline';
        const ended = await followStream({ url, token, since, claim, signal }, (id, event) => {
          visitor.since = id ?? visitor.since;
          this.#see(visitor, event);
        });
        if (ended === 'ended') this.streams += 1;
        else this.#failed({ url, begunMs, ...(ended === 'lost' ? {} : { status: ended }) });
      }
      await new Promise((resolve) => setTimeout(resolve, AFTER_FAULT_MS));
    }
  }

  #see(visitor: Visitor, { sender, presence, statusMsg }: PresenceSeen): void {
    visitor.picture.set(sender, { presence, statusMsg });
    const isVisitor = this.#visitors.some(({ userId }) => userId === sender);
    if (isVisitor && presence === 'offline' && this.#state === 'running')
      this.toldOffline.push(`${visitor.userId} was told that ${sender} is offline`);
  }

  #failed(failure: Failure): void {
    if (this.#state === 'running') this.failures.push(failure);
  }

  async #ask(
    token: string,
    path: string,
    request: RequestInit,
  ): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
    const urls = this.#urls();
    if (urls.length === 0) return undefined;
    const url = this.#draw.of(urls);
    const begunMs = performance.now();
    try {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const response = await fetch(url + path, { ...request, headers, signal });
      const body: unknown = await response.json();
      this.longestMs = Math.max(this.longestMs, performance.now() - begunMs);
      if (response.status !== 200) this.#failed({ url, begunMs, status: response.status });
      return { status: response.status, body };
    } catch {
      this.#failed({ url, begunMs });
      return undefined;
    }
  }
}
