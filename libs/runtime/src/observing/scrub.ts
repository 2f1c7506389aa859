// What may not be written is taken out here: tokens, passwords, status messages, and above debug user ids. Invariant: the
// result shares nothing secret with what went in, however deep it lay; too deep or too long is cut, not written.

const SECRET_FIELD =
  /^(authorization|proxy-authorization|cookie|set-cookie|.*token|.*password|.*secret|status_?msg|statusMessage)$/i;
const USER_FIELD = /^(user|user_?id|user_?ids|sender|recipient|recipients|to)$/i;
const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[^\s"',;]+/gi, '$1 [removed]'],
  [/\b(access_token=)[^\s&"'#]+/gi, '$1[removed]'],
  [/\bdev(\||%7C)[^\s"',;&]+/gi, '[removed]'],
  [/("?status_?msg"?\s*[:=]\s*)("(?:[^"\\]|\\.)*"|[^\s,}]+)/gi, '$1[removed]'],
];
const USER_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/@[a-z0-9._=+-]*:[a-z0-9.-]+(:\d+)?/gi, '@[user]'],
  [/%40[^\s/?%"]*%3A[^\s/?"]+/gi, '@[user]'],
];
const DEEPEST = 6;
const LONGEST_TEXT = 4096;
const LONGEST_LIST = 50;

export type Audience = 'debug' | 'everyone';

export function scrubText(text: string, audience: Audience): string {
  let clean = text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  for (const [pattern, replacement] of SECRET_TEXTS) clean = clean.replace(pattern, replacement);
  if (audience === 'debug') return clean;
  for (const [pattern, replacement] of USER_TEXTS) clean = clean.replace(pattern, replacement);
  return clean;
}

export function scrub(value: unknown, audience: Audience, depth = 0): unknown {
  if (typeof value === 'string') return scrubText(value, audience);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? '[function]' : value;
  if (depth >= DEEPEST) return '[deeper]';
  if (value instanceof Error) return scrubError(value, audience, depth);
  if (ArrayBuffer.isView(value)) return `[${String(value.byteLength)} bytes]`;
  if (Array.isArray(value)) return value.slice(0, LONGEST_LIST).map((item) => scrub(item, audience, depth + 1));
  const clean: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (SECRET_FIELD.test(name)) clean[name] = '[removed]';
    else if (audience === 'everyone' && USER_FIELD.test(name)) clean[name] = '[user]';
    else clean[name] = scrub(field, audience, depth + 1);
  }
  return clean;
}

function scrubError(error: Error, audience: Audience, depth: number): Record<string, unknown> {
  const clean: Record<string, unknown> = { name: error.name, message: scrubText(error.message, audience) };
  if (error.stack !== undefined) clean['stack'] = scrubText(error.stack, audience);
  if (error.cause !== undefined) clean['cause'] = scrub(error.cause, audience, depth + 1);
  return clean;
}
