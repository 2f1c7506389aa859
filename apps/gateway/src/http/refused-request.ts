// A request that is not served, and how every failure reads to a client: a status, a Matrix error code and a sentence.
// Invariant: one place decides it, whatever threw: a door, Fastify, Nest or the log; nothing of an unexpected error is shown.
import { HttpException } from '@nestjs/common';
import { LogForbiddenError, LogUnavailableError } from '#libs/event-log';
import { limitExceeded, refusal, retryAfterSeconds, type ErrorCode, type Parsed, type Refusal } from '#libs/matrix';
import { CannotCheckError } from '../authentication/caller.js';
import { HomeserverAwayError } from '../homeserver/upstream.js';
import { NotDurableError } from '../input-writer.js';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** To be written to the journal: it is ours, not the client's. */
  readonly unexpected?: unknown;
}

const RETRY_SECONDS = '2';

export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest';

  constructor(
    readonly refusal: Refusal,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(refusal.body.error);
  }
}

export function refuse(code: ErrorCode, sentence: string, status?: number): never {
  throw new RefusedRequest(status === undefined ? refusal(code, sentence) : refusal(code, sentence, status));
}

export function refuseFor(waitMs: number): never {
  throw new RefusedRequest(limitExceeded(waitMs), { 'retry-after': String(retryAfterSeconds(waitMs)) });
}

/** 503: the same request may succeed soon. */
export function refuseForNow(sentence: string): never {
  throw new RefusedRequest(refusal('M_UNKNOWN', sentence, 503), { 'retry-after': RETRY_SECONDS });
}

/** The value, or the refusal thrown. */
export function taken<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw new RefusedRequest(parsed.refusal);
}

export function answerFor(error: unknown): Answer {
  if (error instanceof RefusedRequest)
    return { status: error.refusal.status, headers: error.headers, body: error.refusal.body };
  if (error instanceof NotDurableError || error instanceof LogUnavailableError)
    return { ...forNow('The log cannot be reached now'), ...(isForbidden(error) ? { unexpected: error } : {}) };
  if (error instanceof CannotCheckError) return forNow('The access token cannot be checked now');
  if (error instanceof HomeserverAwayError)
    return ofRefusal(refusal('M_UNKNOWN', 'The homeserver cannot be reached', 502));
  if (error instanceof HttpException) return ofNest(error);
  return ofFastify(error) ?? { ...ofRefusal(refusal('M_UNKNOWN', 'Internal error')), unexpected: error };
}

/** Nobody else would tell: every write of its kind is refused until somebody grants the right. */
function isForbidden({ cause }: Error): boolean {
  return cause instanceof LogForbiddenError;
}

function forNow(sentence: string): Answer {
  return { ...ofRefusal(refusal('M_UNKNOWN', sentence, 503)), headers: { 'retry-after': RETRY_SECONDS } };
}

function ofRefusal({ status, body }: Refusal): Answer {
  return { status, headers: {}, body };
}

/** Nest's own, and Fastify's as Nest hands them on: by then only the status says what happened. */
function ofNest(error: HttpException): Answer {
  const status = error.getStatus();
  const response = error.getResponse();
  // A body of its own (the health report) stays as it is.
  if (typeof response === 'object' && !('statusCode' in response)) return { status, headers: {}, body: response };
  if (status >= 500) return { ...ofRefusal(refusal('M_UNKNOWN', 'Internal error', status)), unexpected: error };
  return ofRefusal(ofStatus(status));
}

/** Before any door was reached: `undefined` = not the client's fault. */
function ofFastify(error: unknown): Answer | undefined {
  const { statusCode } = error as { statusCode?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode >= 500) return undefined;
  return ofRefusal(ofStatus(statusCode));
}

function ofStatus(status: number): Refusal {
  switch (status) {
    case 400:
      return refusal('M_INVALID_PARAM', 'The URL or the request is malformed');
    case 404:
      return refusal('M_UNRECOGNIZED', 'Unrecognized request');
    case 413:
      return refusal('M_TOO_LARGE', 'The body is too large');
    case 414:
      return refusal('M_INVALID_PARAM', 'A part of the path is too long', 414);
    default:
      return refusal('M_UNKNOWN', 'The request cannot be read', status);
  }
}
