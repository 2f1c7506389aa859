// `rollcall import memberships` and `rollcall produce`: from a file or a pipe, through the judge, to the log or the server that
// holds it. Invariant: bad lines are named with their numbers and refuse nobody else; what is counted as accepted is durable.
import { once } from 'node:events';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type LineTopic, topicNames } from '#libs/contracts';
import { LogHeldError } from '#libs/event-log';
import type { Configuration } from '#libs/runtime';
import { Failure } from '../failure.js';
import { Progress } from '../progress.js';
import { type Surroundings, withLog } from '../surroundings.js';
import { type Fed, feedLines } from './feed.js';
import { type Judge, type LineFormat, judgeOf, uncheckedJudge } from './judging.js';
import { type Point, ResumePoint } from './resume-point.js';
import { type BadLine, type Sink, logSink, serverSink } from './sinks.js';

export interface FeedCommand {
  readonly topic: LineTopic;
  /** A file's name, or - for standard input. */
  readonly file: string;
  /** Absent: csv for *.csv, else ndjson. */
  readonly format?: LineFormat;
  /** The base URL of a gateway. */
  readonly server?: string;
  /** Skips the lines before it. */
  readonly fromLine?: number;
  readonly json: boolean;
  /** Keeps and uses a resume point: imports, which may be repeated without harm. */
  readonly isResumable: boolean;
  /** The key under which lines are appended as they are. */
  readonly uncheckedKey?: string;
}

interface Source {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** undefined: standard input. */
  readonly path?: string;
  readonly sizeBytes?: number;
}

async function openSource({ stdin, folders }: Surroundings, file: string): Promise<Source> {
  if (file === '-') return { bytes: stdin };
  const path = folders.map((folder) => resolve(folder, file)).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new Failure(`There is no file ${file}. Use - to read standard input.`);
  if (statSync(path).isDirectory()) throw new Failure(`${file} is a folder; a file of lines is needed.`);
  const stream = createReadStream(path, { highWaterMark: 1 << 20 });
  try {
    await once(stream, 'open');
  } catch (error) {
    throw new Failure(`${file} cannot be read: ${(error as Error).message}`);
  }
  return { bytes: stream as AsyncIterable<Buffer>, path, sizeBytes: statSync(path).size };
}

const judgeFor = ({ topic, file, format, uncheckedKey }: FeedCommand): Judge =>
  uncheckedKey === undefined
    ? judgeOf(topic, format ?? (file.endsWith('.csv') ? 'csv' : 'ndjson'))
    : uncheckedJudge(uncheckedKey);

const destinationOf = ({ server }: FeedCommand, { kafka, dataDirectory, topics }: Configuration): string =>
  `${server ?? kafka?.brokers.join(',') ?? resolve(dataDirectory)} ${topics.prefix}`;

class Run {
  readonly #command: FeedCommand;
  readonly #surroundings: Surroundings;
  readonly #progress: Progress;
  readonly #rejected: BadLine[] = [];
  #point: ResumePoint | undefined;
  #isKept = false;
  #before: Point = { line: 0, accepted: 0, rejected: 0 };

  constructor(command: FeedCommand, surroundings: Surroundings) {
    this.#command = command;
    this.#surroundings = surroundings;
    this.#progress = new Progress(surroundings);
  }

  async feed(source: Source, sink: Sink, destination: string): Promise<number> {
    const { isResumable, fromLine } = this.#command;
    if (isResumable && source.path !== undefined) this.#point = new ResumePoint(source.path, destination);
    if (fromLine !== undefined) this.#before = { line: fromLine - 1, accepted: 0, rejected: 0 };
    else if (this.#point !== undefined) this.#before = this.#point.read();
    const { line } = this.#before;
    if (line > 0 && fromLine === undefined) {
      await this.#progress.note(`Going on after line ${line}, where this import stopped. --from-line 1 starts anew.`);
    }
    const fed = await feedLines({
      input: source.bytes,
      judge: judgeFor(this.#command),
      sink,
      after: line,
      onBad: (bad) => this.#tellBad(bad),
      onDone: (done) => this.#keep(done),
      ending: this.#surroundings.ending,
    });
    return this.#conclude(fed);
  }

  async #tellBad(bad: BadLine): Promise<void> {
    if (this.#command.json) this.#rejected.push(bad);
    await this.#progress.note(`line ${bad.line}: ${bad.error}`);
  }

  #keep({ line, accepted, rejected }: Fed): void {
    const { accepted: acceptedBefore, rejected: rejectedBefore } = this.#before;
    const point = { line, accepted: acceptedBefore + accepted, rejected: rejectedBefore + rejected };
    this.#isKept = this.#point?.keep(point) ?? false;
    this.#progress.show(() => `line ${line}: ${accepted} accepted, ${rejected} rejected`);
  }

  async #conclude({ line, accepted, rejected, isCutOff }: Fed): Promise<number> {
    await this.#progress.end();
    if (!isCutOff) this.#point?.forget();
    if (isCutOff) {
      const again = this.#isKept ? 'The same command goes on there.' : `--from-line ${line + 1} goes on there.`;
      await this.#progress.note(`Stopped after line ${line}. ${again}`);
    }
    const summary = this.#command.json
      ? JSON.stringify({
          accepted,
          rejected: this.#rejected,
          ...(this.#before.line > 0 ? { after_line: this.#before.line } : {}),
        })
      : `${accepted} accepted, ${rejected} rejected`;
    await this.#surroundings.stdout.write(`${summary}\n`);
    return isCutOff || (accepted === 0 && rejected > 0) ? 1 : 0;
  }
}

/** Resolves to the exit code: 1 when it was cut off, or when no line was good and some were bad. */
export async function runFeed(
  command: FeedCommand,
  configuration: Configuration,
  surroundings: Surroundings,
): Promise<number> {
  const { topic, server, uncheckedKey } = command;
  const source = await openSource(surroundings, command.file);
  const run = new Run(command, surroundings);
  const destination = destinationOf(command, configuration);
  if (server !== undefined) {
    if (!URL.canParse(server)) throw new Failure(`--server ${server} is no URL; http://127.0.0.1:8090 is one`, 2);
    const token = configuration.gateway.adminToken;
    const sink = serverSink({
      surroundings,
      server,
      topic,
      ...(token !== undefined && { token }),
      ...(uncheckedKey !== undefined && { uncheckedKey }),
    });
    return run.feed(source, sink, destination);
  }
  try {
    return await withLog(surroundings, configuration, 'write', (log) =>
      run.feed(source, logSink(log, topicNames(configuration.topics.prefix)[topic]), destination),
    );
  } catch (error) {
    if (!(error instanceof LogHeldError)) throw error;
    throw new Failure(
      `${error.message}. Write through that server with --server URL (npm start prints it; http://127.0.0.1:8090 by default), or stop it first.`,
    );
  }
}
