// JSON bodies of requests. Invariant: what is not JSON is `M_NOT_JSON`, JSON of another shape `M_BAD_JSON`
// (client-server API, "Standard error response"). Of repeated keys the last counts, as JSON.parse has it.
import type { Parsed } from './errors.js';
import { refused } from './errors.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that `text` holds, or the answer to send, which names the text as `what`. */
export function parseJsonObject(text: string, what = 'The body'): Parsed<JsonObject> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refused('M_NOT_JSON', `${what} is not JSON`);
  }
  if (!isJsonObject(value)) return refused('M_BAD_JSON', `${what} must be a JSON object`);
  return { ok: true, value };
}

/** A string list, or what is wrong with it; absent stays absent. */
export function isStringList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string');
}
