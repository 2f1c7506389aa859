// The bytes of every stored version decode for ever: a line is never edited, only added. `written` marks bytes that we
// still write today.
import { readFileSync, readdirSync } from 'node:fs';
import { recordSchemas } from '../index.js';
import { STORED_FORMATS } from './decoders.js';

interface Golden {
  readonly key: string | null;
  readonly value: string | null;
  readonly record: unknown;
  readonly written?: true;
}

const goldenOf = (name: string): Golden[] =>
  readFileSync(`${__dirname}/${name}.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Golden);

/** As the files hold records: maps as objects, −Infinity as null. */
const plain = (record: unknown): unknown =>
  JSON.parse(
    JSON.stringify(record, (_name, value: unknown) => (value instanceof Map ? Object.fromEntries(value) : value)),
  );

const names = Object.keys(STORED_FORMATS);

test('every format has its golden file, and every file its format', () => {
  const files = readdirSync(__dirname).filter((file) => file.endsWith('.jsonl'));
  expect(files.map((file) => file.replace('.jsonl', '')).sort()).toEqual([...names].sort());
});

test('every record type and version has golden bytes', () => {
  const held = new Set(names.flatMap(goldenOf).map(({ value }) => (value === null ? '' : typeAndVersion(value))));
  const own = recordSchemas().filter(({ topic, type }) => type !== 'presence.registers' && topic !== 'to');
  expect(own.map(({ type, v }) => `${type} ${v}`).filter((name) => !held.has(name))).toEqual([]);
});

describe.each(names)('%s', (name) => {
  test.each(goldenOf(name).map(({ value, key, ...rest }) => [value, key, rest] as const))(
    '%s',
    (value, key, { record, written }) => {
      const result = STORED_FORMATS[name]!.decode(value, key);
      expect(result.ok ? plain(result.record) : result.reason).toEqual(record);
      if (written) expect(result.again?.()).toBe(value);
    },
  );
});

function typeAndVersion(value: string): string {
  const { type, v } = JSON.parse(value) as { type?: string; v?: number };
  return `${type} ${v}`;
}
