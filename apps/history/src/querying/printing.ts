// Rows as they are printed: a table for people, CSV, JSON, or a JSON object a line. Invariant: all but the table go out as they come,
// so that a result of any size takes no memory; a table says when it is cut.
import type { Output } from '../surroundings.js';
import { tableOf } from '../topics/table.js';
import { type Shown, textOf } from './values.js';

export type ResultFormat = 'table' | 'csv' | 'json' | 'ndjson';

export interface Rows {
  readonly title?: string;
  readonly columns: readonly string[];
  readonly chunks: AsyncIterable<readonly (readonly Shown[])[]>;
}

export interface Printer {
  print(rows: Rows): Promise<void>;
  /** After the last result. */
  end(): Promise<void>;
}

export interface PrinterOptions {
  readonly format: ResultFormat;
  /** Whether there may be more than one result. */
  readonly isSeveral: boolean;
  readonly stdout: Output;
  readonly onNote: (sentence: string) => Promise<void>;
}

const mostTableRows = 1000;

const csvCell = (value: Shown): string => {
  const text = textOf(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const rowObject = (columns: readonly string[], row: readonly Shown[]): string =>
  JSON.stringify(Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])));

function tablePrinter({ stdout, onNote }: PrinterOptions): Printer {
  let isFirst = true;
  return {
    print: async ({ title, columns, chunks }) => {
      const kept: (readonly string[])[] = [];
      let isCut = false;
      for await (const rows of chunks) {
        for (const row of rows) {
          if (kept.length < mostTableRows) kept.push(row.map(textOf));
          else isCut = true;
        }
        if (isCut) break;
      }
      const heading = title === undefined ? '' : `${title}\n`;
      await stdout.write(`${isFirst ? '' : '\n'}${heading}${tableOf(columns, kept)}`);
      isFirst = false;
      if (isCut)
        await onNote(`Only the first ${mostTableRows} rows are shown. --format csv, json or ndjson gives all.`);
    },
    end: () => Promise.resolve(),
  };
}

function csvPrinter({ stdout }: PrinterOptions): Printer {
  let isFirst = true;
  return {
    print: async ({ columns, chunks }) => {
      await stdout.write(`${isFirst ? '' : '\r\n'}${columns.map(csvCell).join(',')}\r\n`);
      isFirst = false;
      for await (const rows of chunks) {
        await stdout.write(rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join(''));
      }
    },
    end: () => Promise.resolve(),
  };
}

function ndjsonPrinter({ stdout }: PrinterOptions): Printer {
  return {
    print: async ({ columns, chunks }) => {
      for await (const rows of chunks) {
        await stdout.write(rows.map((row) => `${rowObject(columns, row)}\n`).join(''));
      }
    },
    end: () => Promise.resolve(),
  };
}

/** One result: an array of rows. Several: an array of `{"title":…,"rows":[…]}`. */
function jsonPrinter({ stdout, isSeveral }: PrinterOptions): Printer {
  let results = 0;
  return {
    print: async ({ title, columns, chunks }) => {
      const open = isSeveral
        ? `${results === 0 ? '[\n' : ',\n'}{"title":${JSON.stringify(title ?? null)},"rows":[`
        : '[';
      await stdout.write(open);
      results++;
      let separator = '\n';
      for await (const rows of chunks) {
        let text = '';
        for (const row of rows) {
          text += separator + rowObject(columns, row);
          separator = ',\n';
        }
        await stdout.write(text);
      }
      await stdout.write(isSeveral ? '\n]}' : '\n]\n');
    },
    end: async () => {
      if (isSeveral) await stdout.write(results === 0 ? '[]\n' : '\n]\n');
      else if (results === 0) await stdout.write('[]\n');
    },
  };
}

const printers: Readonly<Record<ResultFormat, (options: PrinterOptions) => Printer>> = {
  table: tablePrinter,
  csv: csvPrinter,
  json: jsonPrinter,
  ndjson: ndjsonPrinter,
};

export const printerOf = (options: PrinterOptions): Printer => printers[options.format](options);
