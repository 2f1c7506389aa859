// One run of an export: piece by piece from the log into files, one piece being read while DuckDB writes the one before it.
// Invariant: a piece is in the manifest when its file is durable, and only then; so a run that was killed goes on behind the last
// such piece, and the files are the same as those of a run that was not.
import { rmSync, statSync } from 'node:fs';
import type { EventLog, LogRecord } from '#libs/event-log';
import { ChangeLines } from './change-lines.js';
import { fileFault, sha256Of } from './check.js';
import type { Converter } from './converter.js';
import { Failure } from '../failure.js';
import { diskFailure, type ExportFolder } from './folder.js';
import { LineFile } from './line-file.js';
import type { LineWriter } from './lines.js';
import {
  type ExportSettings,
  type Manifest,
  UNFINISHED,
  type WrittenFile,
  type WrittenPiece,
  writeManifest,
} from './manifest.js';
import { type Piece, planPieces } from './plan.js';
import type { Pseudonyms } from './pseudonyms.js';
import { MembershipLines, RoomPolicyLines } from './room-lines.js';
import type { Source, SourceTopic } from './source.js';
import { TABLES, type TableWord } from './tables.js';
import type { Window } from './window.js';

export interface RunOptions {
  readonly log: EventLog;
  readonly folder: ExportFolder;
  readonly converter: Converter;
  readonly settings: ExportSettings;
  readonly source: Source;
  readonly window: Window;
  readonly pseudonyms: Pseudonyms | undefined;
  /** Pieces of a run before this one. */
  readonly written: readonly WrittenPiece[];
  readonly ending: AbortSignal;
  readonly onProgress: (sentence: () => string) => void;
  readonly onNote: (sentence: string) => Promise<void>;
}

export interface Outcome {
  readonly manifest: Manifest;
  /** Files that this run wrote, and their records. */
  readonly filesWritten: number;
  readonly recordsWritten: number;
  readonly isCutOff: boolean;
  /** The times of all changes that were looked at, within the window or not. */
  readonly seenMs: { readonly first: number; readonly last: number };
}

interface Place extends Piece {
  readonly source: SourceTopic;
  readonly partition: number;
}

/** A piece as lines, waiting to become a file. */
interface Lines {
  readonly path: string;
  readonly records: number;
  readonly offsets: readonly [number, number];
  readonly times: readonly [number, number];
  readonly unreadable: number;
  /** Where and why, of the first of them. */
  readonly firstFault: string | undefined;
}

const digits = (number: number, count: number): string => String(number).padStart(count, '0');

export const fileName = (topic: string, partition: number, [first, last]: readonly [number, number]): string =>
  `${topic}-${digits(partition, 5)}-${digits(first, 12)}-${digits(last, 12)}`;

export class ExportRun {
  readonly #options: RunOptions;
  readonly #pieces: WrittenPiece[] = [];
  #converting: Promise<void> = Promise.resolve();
  #files = 0;
  #records = 0;
  #passed = 0;
  #toPass = 0;
  #first = Infinity;
  #last = -Infinity;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  async run(): Promise<Outcome> {
    const { folder, ending } = this.#options;
    try {
      const places = await this.#plan();
      this.#keep();
      for (const place of places) {
        const lines = await this.#read(place, false);
        await this.#converting;
        if (lines === undefined) break;
        this.#converting = this.#convert(place, lines);
        this.#converting.catch(() => {
          // It is told where it is awaited: before the next piece.
        });
      }
      await this.#converting;
      return {
        manifest: this.#manifest(!ending.aborted),
        filesWritten: this.#files,
        recordsWritten: this.#records,
        isCutOff: ending.aborted,
        seenMs: { first: this.#first, last: this.#last },
      };
    } catch (error) {
      await Promise.allSettled([this.#converting]);
      throw diskFailure(error, folder.path) ?? error;
    }
  }

  /** Takes over what an earlier run wrote, and tells what is missing. */
  async #plan(): Promise<readonly Place[]> {
    const { source, settings, written } = this.#options;
    const places: Place[] = [];
    for (const topic of source.topics) {
      for (const [partition, end] of topic.ends.entries()) {
        const before = written.filter((piece) => piece.table === topic.table && piece.partition === partition);
        const start = topic.starts[partition] ?? 0;
        const { kept, missing } = planPieces({ start, end, size: settings.records_per_file, written: before });
        for (const piece of kept) {
          if (await this.#isWhole(piece, piece.from >= start)) this.#take(piece);
          else places.push({ source: topic, partition, from: piece.from, to: piece.to });
        }
        places.push(...missing.map((piece) => ({ source: topic, partition, ...piece })));
      }
    }
    this.#toPass = places.reduce((sum, { from, to }) => sum + to - from, 0);
    return places;
  }

  async #isWhole({ file }: WrittenPiece, canBeRedone: boolean): Promise<boolean> {
    if (file === undefined) return true;
    const { folder, onNote, onProgress } = this.#options;
    onProgress(() => `looking at ${file.path}`);
    const fault = await fileFault(folder.path, file);
    if (fault === undefined) return true;
    if (!canBeRedone) {
      throw new Failure(
        `In ${folder.path}, ${fault}, and the log no longer holds those records. Export anew into another folder.`,
      );
    }
    await onNote(`${fault}; it is written again.`);
    return false;
  }

  #take(piece: WrittenPiece): void {
    this.#pieces.push(piece);
    if (piece.table === 'changes' && piece.file !== undefined) {
      this.#see(piece.file.first_ts);
      this.#see(piece.file.last_ts);
    }
  }

  #see(atMs: number): void {
    if (atMs < this.#first) this.#first = atMs;
    if (atMs > this.#last) this.#last = atMs;
  }

  #linesOf(table: TableWord, isCareful: boolean): LineWriter {
    const { source, window, pseudonyms } = this.#options;
    const { forgotten } = source;
    if (table === 'memberships') return new MembershipLines({ forgotten, pseudonyms });
    if (table === 'rooms') return new RoomPolicyLines({ forgotten, pseudonyms });
    return new ChangeLines({ forgotten, pseudonyms, window, isCareful });
  }

  /** undefined: told to end in the middle. */
  async #read(place: Place, isCareful: boolean): Promise<Lines | undefined> {
    const { log, folder, ending, onProgress } = this.#options;
    const { source, partition, from, to } = place;
    const path = folder.work(`${source.table}-${partition}-${from}.lines`);
    rmSync(path, { force: true });
    const file = new LineFile(path);
    const reading = new PieceReading(this.#linesOf(source.table, isCareful), file);
    const isFirstReading = !isCareful;
    try {
      for await (const batch of log.read(source.topic, partition, from, to)) {
        reading.takeAll(batch.records);
        if (isFirstReading) this.#passed += batch.records.length;
        onProgress(() => `${source.topic} ${partition}: ${this.#passed} of ${this.#toPass} offsets read`);
        if (ending.aborted) return undefined;
      }
      file.flush();
    } finally {
      file.close();
    }
    if (source.table === 'changes' && reading.seen[0] <= reading.seen[1]) {
      this.#see(reading.seen[0]);
      this.#see(reading.seen[1]);
    }
    return { path, ...reading.outcome() };
  }

  /** Makes a piece's lines a file of the export; what DuckDB cannot read is decoded record by record first. */
  async #convert(place: Place, quick: Lines): Promise<void> {
    const { folder } = this.#options;
    let lines = quick;
    let name = '';
    try {
      name = await this.#fileOf(place, lines);
    } catch (error) {
      if (diskFailure(error, folder.path) !== undefined) throw error;
      const careful = await this.#read(place, true);
      if (careful === undefined) return;
      lines = careful;
      name = await this.#fileOf(place, lines);
    }
    rmSync(lines.path);
    await this.#publish(place, lines, name);
  }

  /** Its name in the work folder; none for a piece without records. */
  async #fileOf({ source, partition }: Place, lines: Lines): Promise<string> {
    if (lines.records === 0) return '';
    const { folder, settings, converter } = this.#options;
    const { format } = settings;
    const name = `${fileName(source.topic, partition, lines.offsets)}.${format}`;
    await converter.convert({
      table: TABLES[source.table],
      partition,
      format,
      lines: lines.path,
      to: folder.work(name),
    });
    return name;
  }

  async #publish({ source, partition, from, to }: Place, lines: Lines, name: string): Promise<void> {
    const { folder, onNote } = this.#options;
    const { records, offsets, times, unreadable, firstFault } = lines;
    if (firstFault !== undefined) {
      const what = `${unreadable} records that cannot be read are left out; the first is ${firstFault}`;
      await onNote(`${source.topic} ${partition}: ${what}`);
    }
    let file: WrittenFile | undefined;
    if (name !== '') {
      const bytes = statSync(folder.work(name)).size;
      const sha256 = await sha256Of(folder.work(name));
      folder.publish(name, name);
      this.#files++;
      this.#records += records;
      const places = { first_offset: offsets[0], last_offset: offsets[1], first_ts: times[0], last_ts: times[1] };
      file = { path: name, records, ...places, bytes, sha256 };
    }
    const faulty = { ...(unreadable > 0 && { unreadable }), ...(file && { file }) };
    this.#take({ table: source.table, partition, from, to, ...faulty });
    this.#keep();
  }

  #keep(): void {
    writeManifest(this.#options.folder.path, UNFINISHED, this.#manifest(false));
  }

  #manifest(complete: boolean): Manifest {
    const { settings, source } = this.#options;
    const order = source.topics.map(({ table }) => table);
    const pieces = [...this.#pieces].sort(
      (a, b) => order.indexOf(a.table) - order.indexOf(b.table) || a.partition - b.partition || a.from - b.from,
    );
    const records: Partial<Record<TableWord, number>> = Object.fromEntries(order.map((table) => [table, 0]));
    for (const { table, file } of pieces) records[table] = (records[table] ?? 0) + (file?.records ?? 0);
    const { lastErasures } = source.forgotten;
    return { rollcall_export: 1, complete, ...settings, last_erasures: lastErasures, records, pieces };
  }
}

/** Takes a piece's records in order and counts what became of them. */
class PieceReading {
  readonly #lines: LineWriter;
  readonly #file: LineFile;
  readonly seen: [number, number] = [Infinity, -Infinity];
  #unreadable = 0;
  #firstFault: string | undefined;
  #records = 0;
  #offsets: [number, number] = [-1, -1];
  #times: [number, number] = [Infinity, -Infinity];

  constructor(lines: LineWriter, file: LineFile) {
    this.#lines = lines;
    this.#file = file;
  }

  takeAll(records: readonly LogRecord[]): void {
    for (const record of records) {
      const judged = this.#lines.add(record, this.#file);
      if (judged.word === 'unreadable') {
        this.#unreadable++;
        this.#firstFault ??= `offset ${record.offset}: ${judged.reason}`;
      } else if (judged.word !== 'hidden') {
        widen(this.seen, judged.atMs);
        if (judged.word === 'written') this.#count(record.offset, judged.atMs);
      }
    }
  }

  outcome(): Omit<Lines, 'path'> {
    return {
      records: this.#records,
      offsets: this.#offsets,
      times: this.#times,
      unreadable: this.#unreadable,
      firstFault: this.#firstFault,
    };
  }

  #count(offset: number, atMs: number): void {
    if (this.#records++ === 0) this.#offsets[0] = offset;
    this.#offsets[1] = offset;
    widen(this.#times, atMs);
  }
}

function widen(span: [number, number], atMs: number): void {
  if (atMs < span[0]) span[0] = atMs;
  if (atMs > span[1]) span[1] = atMs;
}
