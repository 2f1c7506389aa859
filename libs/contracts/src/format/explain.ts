// Why a value does not fit its schema, as a sentence. Invariant: it names the field, what it must be and what it is;
// a status message is described by its size only, and nothing longer than a line is repeated.
import { type TSchema } from '@sinclair/typebox';
import { ValueErrorType, type ValueErrorIterator } from '@sinclair/typebox/errors';
import { utf8Length } from '#libs/matrix';
import { STATUS_FORMAT } from './words.js';

const LONGEST_SHOWN = 60;

/** The first fault. */
export function explain(errors: ValueErrorIterator): string {
  const error = errors.First();
  if (error === undefined) return 'the record does not fit its schema';
  const name = fieldName(error.path);
  const wanted = error.schema.description ?? error.message.toLowerCase();
  if (error.type === ValueErrorType.ObjectRequiredProperty) return `${name} is missing: it must be ${wanted}`;
  return `${name} must be ${wanted}, not ${shown(error.value, isPrivate(error.schema))}`;
}

/** `/entries/3/to/0` → `"entries[3].to[0]"`. */
function fieldName(path: string): string {
  const parts = path.split('/').slice(1).map(unescaped);
  if (parts.length === 0) return 'the record';
  let name = '';
  for (const part of parts)
    name += /^\d+$/.test(part) && name !== '' ? `[${part}]` : `${name === '' ? '' : '.'}${part}`;
  return JSON.stringify(name);
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function isPrivate(schema: TSchema): boolean {
  if (schema['format'] === STATUS_FORMAT) return true;
  const parts: unknown = schema['anyOf'];
  return Array.isArray(parts) && parts.some((part) => isPrivate(part as TSchema));
}

/** A value as a reason may show it. */
export function shown(value: unknown, isSecret = false): string {
  switch (typeof value) {
    case 'string':
      return isSecret ? `a string of ${utf8Length(value)} bytes` : quoted(value);
    case 'number':
    case 'boolean':
      return String(value);
    default:
      return value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object';
  }
}

export function quoted(text: string): string {
  return JSON.stringify(text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`);
}
