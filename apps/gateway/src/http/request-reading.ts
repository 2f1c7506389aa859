// Reads what a request says: its token, its origin, its parameters, its body. Invariant: a parameter given twice or a body that
// is not UTF-8 is refused, never guessed; the token is handed on and kept nowhere.
import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { readTraceparent, TRACEPARENT } from '#libs/contracts';
import type { RequestOrigin } from '../authentication/caller.js';
import { refuse } from './refused-request.js';

export type Query = Readonly<Record<string, unknown>>;

/** Of a request what tells who asks: Fastify's has it, and so has one that never came to Fastify. */
export interface Asking {
  readonly headers: IncomingHttpHeaders;
  readonly query: unknown;
}

/** The same with what the path and the body say. */
export interface Asked extends Asking {
  readonly params: unknown;
  readonly body: unknown;
}

/** `Authorization: Bearer …`, or the deprecated `access_token` parameter. */
export function tokenOf(request: Asking): string {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const token = /^bearer +(\S(?:.*\S)?) *$/i.exec(authorization)?.[1];
    return token === undefined
      ? refuse('M_MISSING_TOKEN', 'The Authorization header is not "Bearer" and a token')
      : asUtf8(token);
  }
  const parameter = parameterOf(request.query as Query, 'access_token');
  return parameter === undefined || parameter === '' ? refuse('M_MISSING_TOKEN', 'Missing access token') : parameter;
}

export function originOf({ headers }: Pick<Asking, 'headers'>): RequestOrigin {
  return new OriginIn(headers);
}

/** Read when somebody asks: only development tokens do. */
class OriginIn implements RequestOrigin {
  constructor(private readonly headers: IncomingHttpHeaders) {}

  get host(): string | undefined {
    return this.headers.host;
  }

  get origin(): string | undefined {
    return this.headers.origin;
  }

  get fetchSite(): string | undefined {
    const fetchSite = this.headers['sec-fetch-site'];
    return typeof fetchSite === 'string' ? fetchSite : undefined;
  }

  get forwarded(): boolean {
    const { headers } = this;
    return headers['forwarded'] !== undefined || Object.keys(headers).some((name) => name.startsWith('x-forwarded-'));
  }
}

/** The caller's trace context. */
export function traceparentOf({ headers }: Pick<Asking, 'headers'>): string | undefined {
  const given = headers[TRACEPARENT];
  return given === undefined ? undefined : readTraceparent(given);
}

export function parameterOf(query: Query, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  return refuse('M_INVALID_PARAM', `"${name}" is given more than once`);
}

export function flagOf(query: Query, name: string): boolean {
  const value = parameterOf(query, name);
  if (value === undefined || value === 'false') return false;
  return value === 'true' || refuse('M_INVALID_PARAM', `"${name}" must be true or false`);
}

/** A whole number of milliseconds; a negative one is none. */
export function spanOf(query: Query, name: string, longestMs: number): number {
  const value = parameterOf(query, name);
  if (value === undefined || value === '') return 0;
  if (!/^-?\d{1,15}$/.test(value)) refuse('M_INVALID_PARAM', `"${name}" must be a whole number of milliseconds`);
  return Math.max(0, Math.min(Number(value), longestMs));
}

export function bodyText({ body }: Pick<Asked, 'body'>): string {
  if (!Buffer.isBuffer(body)) return '';
  return isUtf8(body) ? body.toString('utf8') : refuse('M_NOT_JSON', 'The body is not UTF-8');
}

/** Headers arrive as Latin-1; user ids in development tokens may hold more. */
function asUtf8(text: string): string {
  if (!/[\x80-\xff]/.test(text)) return text;
  const bytes = Buffer.from(text, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : text;
}
