// A device that polls /sync as real clients do: one request after the other, each with the token of the one before, at the
// next of several gateways. Invariant: a request that fails is made again at the next gateway with the same token; every
// event is kept in the order in which it came.

import type { PresenceEvent } from './matrix-user.js';
import { Client } from './client.js';
import { userOf } from './engine-on-kafka.js';

export interface PollLoopOptions {
  readonly name: string;
  /** Asked before every request: the gateways that there are now, taken in turn. */
  readonly gateways: () => readonly string[];
  /** Of one request. */
  readonly timeoutMs: number;
  readonly deviceToken?: string;
}

export class PollLoop {
  readonly events: PresenceEvent[] = [];
  /** Requests that were answered, by gateway. */
  readonly answered = new Map<string, number>();
  failed = 0;
  /** The longest time that one request took, milliseconds. */
  longestMs = 0;
  since: string | undefined;
  #turn = 0;
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(private readonly options: PollLoopOptions) {
    this.#running = this.#run();
  }

  get requests(): number {
    return [...this.answered.values()].reduce((sum, count) => sum + count, 0);
  }

  /** What this device was told of somebody, in order: presence and message. */
  toldOf(name: string): string[] {
    return this.events
      .filter(({ sender }) => sender === userOf(name))
      .map(({ content }) => [content['presence'], content['status_msg']].filter(Boolean).join(' '));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const gateways = this.options.gateways();
      const url = gateways[this.#turn % gateways.length] ?? '';
      this.#turn += 1;
      await this.#request(url);
    }
  }

  async #request(url: string): Promise<void> {
    const { name, timeoutMs, deviceToken = `token-of-${name}` } = this.options;
    const client = new Client(url, deviceToken, userOf(name));
    const since = this.since === undefined ? {} : { since: this.since };
    const startedMs = performance.now();
    try {
      const { nextBatch, presence } = await client.sync({ ...since, timeout: String(timeoutMs) });
      this.since = nextBatch;
      this.events.push(...presence);
      this.answered.set(url, (this.answered.get(url) ?? 0) + 1);
      this.longestMs = Math.max(this.longestMs, performance.now() - startedMs);
    } catch {
      // The gateway is gone; the next one is asked. A pause, so that a test with no gateway left does not spin.
      this.failed += 1;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }
}
