// Remembers what a slow method learned, and asks it once for requests that come together. Invariants: bounded in number and
// in time, keyed by digest; a refusal cannot push out what was accepted; nothing holds beyond the token's own end; what could
// not be checked is not remembered. While nobody can be asked, a token that was good goes on for a while, and is never refused.
import type { Clock } from '#libs/event-log';
import type { Knowledge, SlowMethod } from './asking.js';
import { CannotCheckError, type RequestOrigin, type TokenMethod, type Verdict } from './caller.js';
import { digestOf } from './configured-tokens.js';

export interface RememberedOptions {
  readonly acceptedMs: number;
  /** After `acceptedMs`, while the method cannot tell. */
  readonly staleMs: number;
  readonly refusedMs: number;
  readonly maxAccepted: number;
  readonly maxRefused: number;
  /** Questions under way; one more could not be checked. */
  readonly maxAsking: number;
}

export const REMEMBERED_DEFAULTS: RememberedOptions = {
  acceptedMs: 30_000,
  staleMs: 600_000,
  refusedMs: 5_000,
  maxAccepted: 100_000,
  maxRefused: 10_000,
  maxAsking: 1_000,
};

/** What became of a question: for metrics, and a line in the journal. */
export interface CheckWatch {
  checked(method: string, outcome: 'accepted' | 'refused' | 'failed' | 'stale'): void;
  /** The method could not tell, and why. */
  trouble(method: string, error: CannotCheckError): void;
}

interface Answer {
  readonly verdict: Verdict | undefined;
  /** Until then nobody is asked. */
  readonly untilMs: number;
  /** Until then it holds when nobody can be asked. */
  readonly lastMs: number;
}

/** After a question failed, so long a token that was good is not asked about again. */
const RETRY_MS = 5_000;

export class Remembered implements TokenMethod {
  readonly name: string;
  readonly #accepted = new Map<string, Answer>();
  readonly #refused = new Map<string, Answer>();
  readonly #asking = new Map<string, Promise<Verdict | undefined>>();
  readonly #options: RememberedOptions;
  #awayUntilMs = -Infinity;

  constructor(
    private readonly method: SlowMethod,
    private readonly clock: Clock,
    private readonly watch: CheckWatch,
    options: Partial<RememberedOptions> = {},
  ) {
    this.name = method.name;
    this.#options = { ...REMEMBERED_DEFAULTS, ...options };
  }

  /** Answers held; for tests. */
  get size(): number {
    return this.#accepted.size + this.#refused.size;
  }

  check(
    token: string,
    _origin?: RequestOrigin,
    digest = (): string => digestOf(token),
  ): Verdict | undefined | Promise<Verdict | undefined> {
    const key = digest();
    const nowMs = this.clock.nowMs();
    const known = this.#accepted.get(key) ?? this.#refused.get(key);
    if (known !== undefined && known.untilMs > nowMs) return known.verdict;
    // Others found it away just now: whoever may go on need not wait to find it too.
    if (known !== undefined && nowMs < Math.min(known.lastMs, this.#awayUntilMs)) return this.#goOn(key, known);
    return this.#asking.get(key) ?? this.#ask(key, token, known);
  }

  forget(token: string): void {
    const key = digestOf(token);
    this.#accepted.delete(key);
    this.#refused.delete(key);
  }

  #ask(key: string, token: string, known: Answer | undefined): Promise<Verdict | undefined> {
    if (this.#asking.size >= this.#options.maxAsking)
      return Promise.reject(new CannotCheckError(`too many questions to ${this.name} are under way`));
    const asking = this.method
      .ask(token)
      .then(
        (knowledge) => this.#remember(key, knowledge),
        (error: unknown) => this.#failed(key, known, error),
      )
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  #failed(key: string, known: Answer | undefined, error: unknown): Verdict | undefined {
    if (!(error instanceof CannotCheckError)) throw error;
    const nowMs = this.clock.nowMs();
    // Not for every failure: somebody's odd token must not keep a revoked one alive.
    if (error.isAway) this.#awayUntilMs = nowMs + RETRY_MS;
    this.watch.trouble(this.name, error);
    if (known !== undefined && nowMs < known.lastMs) return this.#goOn(key, known);
    this.watch.checked(this.name, 'failed');
    throw error;
  }

  #goOn(key: string, known: Answer): Verdict | undefined {
    this.watch.checked(this.name, 'stale');
    const untilMs = Math.min(this.clock.nowMs() + RETRY_MS, known.lastMs);
    hold(this.#accepted, key, { ...known, untilMs }, this.#options.maxAccepted);
    return known.verdict;
  }

  #remember(key: string, { verdict, expiresAtMs = Infinity }: Knowledge): Verdict | undefined {
    const nowMs = this.clock.nowMs();
    const { acceptedMs, staleMs, refusedMs, maxAccepted, maxRefused } = this.#options;
    this.#accepted.delete(key);
    this.#refused.delete(key);
    if (verdict === undefined || verdict.kind === 'refused') {
      this.watch.checked(this.name, 'refused');
      // What is unknown has no time in which it would go on: it was never good.
      hold(this.#refused, key, { verdict, untilMs: nowMs + refusedMs, lastMs: -Infinity }, maxRefused);
      return verdict;
    }
    this.watch.checked(this.name, 'accepted');
    const untilMs = Math.min(nowMs + acceptedMs, expiresAtMs);
    const lastMs = Math.min(nowMs + acceptedMs + staleMs, expiresAtMs);
    hold(this.#accepted, key, { verdict, untilMs, lastMs }, maxAccepted);
    return verdict;
  }
}

/** At the end of the line; whoever was answered longest ago makes room. */
function hold(answers: Map<string, Answer>, key: string, answer: Answer, most: number): void {
  answers.delete(key);
  answers.set(key, answer);
  if (answers.size <= most) return;
  const oldest = answers.keys().next();
  if (oldest.done !== true) answers.delete(oldest.value);
}
