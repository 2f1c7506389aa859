// What is told of checking tokens: counts, and a line when an identity provider is in trouble. Invariant: nothing of a token;
// a provider that is away for long is one line now and then, not one a request.
import type { Clock } from '#libs/event-log';
import { counter, type Journal, type Meters, type Metrics } from '#libs/runtime';
import type { CannotCheckError } from './caller.js';
import type { CheckWatch } from './remembered.js';

export const TOKEN_METERS = {
  checks: counter(
    'rollcall_gateway_token_checks_total',
    'Questions about access tokens, by method and outcome: accepted, refused, failed (503), stale (goes on unchecked).',
    ['method', 'outcome'],
  ),
} as const;

const LINE_EVERY_MS = 30_000;

export class TokenWatch implements CheckWatch {
  readonly #meters: Meters<typeof TOKEN_METERS>;
  readonly #nextLineMs = new Map<string, number>();

  constructor(
    metrics: Metrics,
    private readonly journal: Journal,
    private readonly clock: Clock,
  ) {
    this.#meters = metrics.meters(TOKEN_METERS);
  }

  checked(method: string, outcome: 'accepted' | 'refused' | 'failed' | 'stale'): void {
    this.#meters.checks.inc({ method, outcome });
  }

  trouble(method: string, error: CannotCheckError): void {
    const nowMs = this.clock.nowMs();
    if (nowMs < (this.#nextLineMs.get(method) ?? -Infinity)) return;
    this.#nextLineMs.set(method, nowMs + LINE_EVERY_MS);
    this.journal.warn(`access tokens cannot be checked by ${method}: ${error.message}; known ones go on for a while`);
  }
}
