// Standard error responses of the client-server API ("Standard error response"), as values. Invariant: every refusal
// has a status, a code of the specification and a sentence that helps; nothing in it tells who exists.

export type ErrorCode =
  | 'M_FORBIDDEN'
  | 'M_MISSING_TOKEN'
  | 'M_UNKNOWN_TOKEN'
  | 'M_BAD_JSON'
  | 'M_NOT_JSON'
  | 'M_NOT_FOUND'
  | 'M_UNRECOGNIZED'
  | 'M_LIMIT_EXCEEDED'
  | 'M_TOO_LARGE'
  | 'M_INVALID_PARAM'
  | 'M_MISSING_PARAM'
  | 'M_UNKNOWN';

/** The body as it is sent. */
export interface ErrorBody {
  readonly errcode: ErrorCode;
  readonly error: string;
  /** Only with `M_LIMIT_EXCEEDED`; milliseconds. */
  readonly retry_after_ms?: number;
}

export interface Refusal {
  /** HTTP status. */
  readonly status: number;
  readonly body: ErrorBody;
}

/** What parsing gives: the value, or the answer to send instead. */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal };

const STATUS: Readonly<Record<ErrorCode, number>> = {
  M_FORBIDDEN: 403,
  M_MISSING_TOKEN: 401,
  M_UNKNOWN_TOKEN: 401,
  M_BAD_JSON: 400,
  M_NOT_JSON: 400,
  M_NOT_FOUND: 404,
  M_UNRECOGNIZED: 404,
  M_LIMIT_EXCEEDED: 429,
  M_TOO_LARGE: 413,
  M_INVALID_PARAM: 400,
  M_MISSING_PARAM: 400,
  M_UNKNOWN: 500,
};

/** `status` is the code's own unless given (503 with `M_UNKNOWN`, say). */
export function refusal(errcode: ErrorCode, error: string, status: number = STATUS[errcode]): Refusal {
  return { status, body: { errcode, error } };
}

/** 429 with the wait in whole milliseconds, never negative; the gateway sets `Retry-After` from `retryAfterSeconds`. */
export function limitExceeded(retryAfterMs: number, error = 'Too many requests'): Refusal {
  const wait = Math.max(0, Math.ceil(retryAfterMs));
  return { status: STATUS.M_LIMIT_EXCEEDED, body: { errcode: 'M_LIMIT_EXCEEDED', error, retry_after_ms: wait } };
}

/** The value of `Retry-After`: whole seconds, rounded up, at least 1. */
export function retryAfterSeconds(retryAfterMs: number): number {
  return Math.max(1, Math.ceil(retryAfterMs / 1000));
}

export function refused(errcode: ErrorCode, error: string): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: refusal(errcode, error) };
}
