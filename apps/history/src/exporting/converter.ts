// DuckDB as the writer of export files. Invariant: the same lines give the same bytes, on any machine and however many cores it has
// (one thread, rows in the order of the lines, groups of one size); nothing is fetched from anywhere.
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { sqlPath, sqlText, type Table } from './tables.js';

export type ExportFormat = 'parquet' | 'ndjson';

/** Everything that could reach out is off. */
export const OFFLINE = {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  allow_community_extensions: 'false',
} as const;

const written: Readonly<Record<ExportFormat, string>> = {
  parquet: 'FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 131072',
  ndjson: 'FORMAT json',
};

export interface Conversion {
  readonly table: Table;
  readonly partition: number;
  readonly format: ExportFormat;
  readonly lines: string;
  readonly to: string;
}

export class Converter {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(): Promise<Converter> {
    const { DuckDBInstance: Instance } = await import('@duckdb/node-api');
    // An empty temp_directory: what is too large for memory fails, and never lies about on a disk.
    const instance = await Instance.create(':memory:', {
      ...OFFLINE,
      threads: '1',
      memory_limit: '1GB',
      temp_directory: '',
    });
    return new Converter(instance, await instance.connect());
  }

  /** Throws what DuckDB says. */
  async convert({ table, partition, format, lines, to }: Conversion): Promise<void> {
    const columns = table.columns.map(({ name, from }) => `${from} AS ${name}`).join(', ');
    const read = `SELECT ${partition}::INTEGER AS p, * FROM read_ndjson(${sqlPath(lines)}, columns = ${table.line})`;
    await this.#connection.run(`COPY (SELECT ${columns} FROM (${read})) TO ${sqlText(to)} (${written[format]})`);
  }

  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}
