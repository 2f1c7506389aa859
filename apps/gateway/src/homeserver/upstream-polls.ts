// The homeserver's half of long polls, kept while clients come and go: a presence event answers a client, and the homeserver's
// poll waits on for that client's next one instead of being made again. Invariant: a kept poll is taken up only by the same
// device with the same question; one that nobody takes up in time is ended, which loses nothing, since its token did not move.
import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '#libs/event-log';
import type { Upstream } from './upstream.js';

export interface PollQuestion {
  /** User and device. */
  readonly device: string;
  readonly path: string;
  readonly headers: readonly string[];
  /** What must be the same for a kept poll to be taken up: the question but for its time. */
  readonly sameness: string;
  /** How long the homeserver may wait, milliseconds. */
  readonly timeoutMs: number;
}

export class UpstreamPoll {
  readonly #controller = new AbortController();
  #hasFailed = false;
  readonly answer: Promise<IncomingMessage>;
  readonly key: string;
  readonly untilMs: number;

  constructor(upstream: Upstream, { path, headers, device, sameness, timeoutMs }: PollQuestion, nowMs: number) {
    this.key = keyOf(device, sameness);
    this.untilMs = nowMs + timeoutMs;
    this.answer = upstream.ask({ method: 'GET', path, headers, signal: this.#controller.signal });
    // Told where it is awaited; kept without anybody, its failure is nobody's.
    this.answer.catch(() => {
      this.#hasFailed = true;
    });
  }

  /** Whether it may still answer, and for how much longer it waits if it has not, milliseconds. */
  leftMs(nowMs: number): number {
    return this.#hasFailed ? -Infinity : this.untilMs - nowMs;
  }

  /** Ends it, whatever it has got to. */
  end(): void {
    this.#controller.abort();
  }
}

interface Kept {
  readonly poll: UpstreamPoll;
  readonly cancel: () => void;
}

/** A client polls again at once; one that does not has gone. */
const KEPT_MS = 10_000;

export class UpstreamPolls {
  readonly #kept = new Map<string, Kept>();

  constructor(
    private readonly upstream: Upstream,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.#kept.size;
  }

  /** A kept poll with at least half of its time left, or a new one. */
  begin(question: PollQuestion): UpstreamPoll {
    const nowMs = this.clock.nowMs();
    const kept = this.#take(question.device);
    if (kept !== undefined) {
      if (kept.key === keyOf(question.device, question.sameness) && kept.leftMs(nowMs) >= question.timeoutMs / 2)
        return kept;
      kept.end();
    }
    return new UpstreamPoll(this.upstream, question, nowMs);
  }

  keep(device: string, poll: UpstreamPoll): void {
    this.#take(device)?.end();
    const cancel = this.clock.wakeAt(this.clock.nowMs() + KEPT_MS, () => {
      this.#take(device)?.end();
    });
    this.#kept.set(device, { poll, cancel });
  }

  endAll(): void {
    for (const device of [...this.#kept.keys()]) this.#take(device)?.end();
  }

  #take(device: string): UpstreamPoll | undefined {
    const kept = this.#kept.get(device);
    if (kept === undefined) return undefined;
    this.#kept.delete(device);
    kept.cancel();
    return kept.poll;
  }
}

/** A digest, since the sameness holds a token. */
function keyOf(device: string, sameness: string): string {
  return `${device}\0${hash('sha256', sameness, 'base64')}`;
}
