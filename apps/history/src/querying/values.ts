// DuckDB's values as JSON and as text. Invariant: a whole number that JavaScript holds exactly is a number, however DuckDB counts it;
// an instant is ISO 8601 in UTC; what JSON cannot say is a string, never something else.
import type { DuckDBValue } from '@duckdb/node-api';

export type Shown = null | boolean | number | string | readonly Shown[] | { readonly [name: string]: Shown };

interface Entry {
  readonly key: DuckDBValue;
  readonly value: DuckDBValue;
}

const shownBigInt = (value: bigint): Shown =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : String(value);

/** Milliseconds, and microseconds only where there are some. */
function shownInstant(micros: bigint, text: string): string {
  const ms = Number(micros / 1000n) - (micros % 1000n < 0n ? 1 : 0);
  if (!Number.isFinite(ms) || Math.abs(ms) > 8_640_000_000_000_000) return text;
  const rest = Number(((micros % 1000n) + 1000n) % 1000n);
  const iso = new Date(ms).toISOString();
  return rest === 0 ? iso : iso.replace('Z', `${String(rest).padStart(3, '0')}Z`);
}

export function shown(value: DuckDBValue): Shown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'bigint') return shownBigInt(value);
  if ('micros' in value && value.constructor.name === 'DuckDBTimestampTZValue') {
    return shownInstant(value.micros as bigint, value.toString());
  }
  if ('scale' in value && 'toDouble' in value) return value.toDouble();
  if ('items' in value) return (value.items as readonly DuckDBValue[]).map(shown);
  if ('tag' in value) return shown(value.value as DuckDBValue);
  if ('entries' in value) {
    const { entries } = value;
    const pairs: readonly (readonly [string, DuckDBValue])[] = Array.isArray(entries)
      ? (entries as readonly Entry[]).map((entry) => [textOf(shown(entry.key)), entry.value])
      : Object.entries(entries as Readonly<Record<string, DuckDBValue>>);
    return Object.fromEntries(pairs.map(([name, inner]) => [name, shown(inner)]));
  }
  return value.toString();
}

/** For cells of tables and CSV. Null is nothing. */
export function textOf(value: Shown): string {
  if (value === null) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
