// Exports on a workbench: a generated history, its export, and the eyes of another Parquet reader, for the specs of exports. Invariant:
// what is expected comes from the raw changes, never from an export.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { Bench, type Ran } from './bench.js';
import { type Drawn, type RawChange, writeHistory, writeRooms } from './generated-history.js';

export const folder = mkdtempSync(join(tmpdir(), 'rollcall-export-'));
let count = 0;
/** A path at which there is nothing yet. */
export const fresh = (): string => join(folder, `export-${count++}`);

export const startMs = Date.UTC(2026, 10, 25);
export const drawn: Drawn = { seed: 20261126, users: 60, changes: 1500, startMs, spanMs: 86_400_000 };
const names = { memberships: 'presence.memberships', rooms: 'presence.rooms' };

export async function historyBench(more: Partial<Drawn> = {}): Promise<{ bench: Bench; raw: readonly RawChange[] }> {
  const bench = new Bench();
  bench.environment['PARTITIONS'] = '3';
  await bench.run(['topics', 'create']);
  const raw = await writeHistory(bench.log, 'presence.changes', { ...drawn, ...more });
  await writeRooms(bench.log, names, drawn.users, 7);
  return { bench, raw };
}

export interface Manifest {
  readonly complete: boolean;
  readonly pieces: readonly {
    table: string;
    partition: number;
    from: number;
    to: number;
    file?: { path: string; records: number };
  }[];
  readonly records: Record<string, number>;
}
export const manifestOf = (to: string): Manifest =>
  JSON.parse(readFileSync(join(to, 'manifest.json'), 'utf8')) as Manifest;

export type Row = Record<string, unknown>;
export async function rowsOf(to: string, table: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const piece of manifestOf(to).pieces) {
    if (piece.table !== table || piece.file === undefined) continue;
    const file = await asyncBufferFromFile(join(to, piece.file.path));
    const read = await parquetReadObjects({ file, compressors });
    expect(read).toHaveLength(piece.file.records);
    rows.push(...read.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)]))));
  }
  return rows;
}
const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

export const contents = (to: string): Record<string, string> =>
  Object.fromEntries(readdirSync(to).map((name) => [name, readFileSync(join(to, name)).toString('base64')]));

/** What an export must hold of a change, by hand. */
const rowOf = ({ userId, life, version, atMs, view, before }: RawChange): Row => ({
  user_id: userId,
  life,
  version,
  at_ts: atMs,
  presence: view.presence,
  status_msg: view.statusMsg ?? null,
  currently_active: view.currentlyActive,
  last_active_ts: view.lastActiveAtMs ?? null,
  before_presence: before.presence,
  before_status_msg: before.statusMsg ?? null,
  before_currently_active: before.currentlyActive,
  before_last_active_ts: before.lastActiveAtMs ?? null,
});
const keyOf = ({ user_id, life, version }: Row): string => `${String(user_id)} ${String(life)} ${String(version)}`;
const byKey = (rows: readonly Row[]): Map<string, Row> => new Map(rows.map((row) => [keyOf(row), row]));

export function expectRows(rows: readonly Row[], raw: readonly RawChange[]): void {
  expect(rows).toHaveLength(raw.length);
  const found = byKey(rows);
  for (const change of raw) {
    const wanted = rowOf(change);
    expect(found.get(keyOf(wanted))).toMatchObject(wanted);
  }
}

export const ok = (ran: Ran): Ran => {
  expect(ran).toMatchObject({ exitCode: 0, stderr: '' });
  return ran;
};

afterAll(() => rmSync(folder, { recursive: true, force: true }));
