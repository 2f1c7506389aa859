// Remembers what a slow method answered, briefly, and asks it once for requests that come together. Invariant: bounded in
// number and in time, keyed by digest; what could not be checked is not remembered.
import type { Clock } from '#libs/event-log';
import type { RequestOrigin, TokenMethod, Verdict } from './caller.js';
import { digestOf } from './configured-tokens.js';

export interface RememberedOptions {
  readonly acceptedMs: number;
  readonly refusedMs: number;
  readonly maxTokens: number;
}

const DEFAULTS: RememberedOptions = { acceptedMs: 30_000, refusedMs: 5_000, maxTokens: 100_000 };

interface Answer {
  readonly verdict: Verdict | undefined;
  readonly untilMs: number;
}

export class Remembered implements TokenMethod {
  readonly name: string;
  readonly #answers = new Map<string, Answer>();
  readonly #asking = new Map<string, Promise<Verdict | undefined>>();

  constructor(
    private readonly method: TokenMethod,
    private readonly clock: Clock,
    private readonly options: RememberedOptions = DEFAULTS,
  ) {
    this.name = method.name;
  }

  check(token: string, origin: RequestOrigin): Verdict | undefined | Promise<Verdict | undefined> {
    const key = digestOf(token);
    const known = this.#answers.get(key);
    if (known !== undefined && known.untilMs > this.clock.nowMs()) return known.verdict;
    const asking = this.#asking.get(key) ?? this.#ask(key, token, origin);
    return asking;
  }

  #ask(key: string, token: string, origin: RequestOrigin): Promise<Verdict | undefined> {
    const asking = Promise.resolve(this.method.check(token, origin))
      .then((verdict) => {
        this.#remember(key, verdict);
        return verdict;
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  #remember(key: string, verdict: Verdict | undefined): void {
    const accepted = verdict !== undefined && verdict.kind !== 'refused';
    const untilMs = this.clock.nowMs() + (accepted ? this.options.acceptedMs : this.options.refusedMs);
    this.#answers.delete(key);
    this.#answers.set(key, { verdict, untilMs });
    if (this.#answers.size <= this.options.maxTokens) return;
    const oldest = this.#answers.keys().next();
    if (oldest.done !== true) this.#answers.delete(oldest.value);
  }
}
