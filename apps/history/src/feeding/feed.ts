// Lines → judged → written, in order, with a count of each. Invariant: a line is counted when it is durable or reported, so that
// the line told to the keeper of the resume point is one behind which nothing is missing.
import { type Line, LineSplitter } from './line-splitter.js';
import type { Judge } from './judging.js';
import type { BadLine, GoodLine, Sink } from './sinks.js';

export interface FeedOptions {
  readonly input: AsyncIterable<Uint8Array>;
  readonly judge: Judge;
  readonly sink: Sink;
  /** Lines up to this one are skipped. */
  readonly after: number;
  readonly onBad: (bad: BadLine) => Promise<void>;
  /** Everything up to `line` is done. */
  readonly onDone: (progress: Fed) => void;
  readonly ending: AbortSignal;
}

export interface Fed {
  readonly line: number;
  readonly accepted: number;
  readonly rejected: number;
  /** The input was not read to its end, because the process is to end. */
  readonly isCutOff: boolean;
}

class Feed {
  readonly #options: FeedOptions;
  #good: GoodLine[] = [];
  #bad: BadLine[] = [];
  #heldBytes = 0;
  #line = 0;
  #accepted = 0;
  #rejected = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#line = options.after;
  }

  get fed(): Fed {
    return {
      line: this.#line,
      accepted: this.#accepted,
      rejected: this.#rejected,
      isCutOff: this.#options.ending.aborted,
    };
  }

  async take(lines: readonly Line[]): Promise<void> {
    const { judge, sink, after } = this.#options;
    for (const line of lines) {
      if (line.number <= after) continue;
      const judged = judge(line);
      if (judged.kind === 'bad') this.#bad.push({ line: judged.line, error: judged.error });
      if (judged.kind === 'record') {
        this.#good.push(judged);
        this.#heldBytes += judged.value.length;
      }
      const isFull = this.#good.length >= sink.maxLines || this.#heldBytes >= sink.maxBytes;
      if (isFull) await this.flush(line.number);
    }
    const last = lines.at(-1)?.number ?? 0;
    if (this.#good.length === 0 && last > this.#line) await this.flush(last);
  }

  /** Writes what is held; everything up to `line` is done then. */
  async flush(line: number): Promise<void> {
    const refused = this.#good.length > 0 ? await this.#options.sink.write(this.#good) : [];
    const bad = [...this.#bad, ...refused].sort((a, b) => a.line - b.line);
    this.#accepted += this.#good.length - refused.length;
    this.#rejected += bad.length;
    this.#line = Math.max(this.#line, line);
    this.#good = [];
    this.#bad = [];
    this.#heldBytes = 0;
    for (const one of bad) await this.#options.onBad(one);
    this.#options.onDone(this.fed);
  }
}

export async function feedLines(options: FeedOptions): Promise<Fed> {
  const feed = new Feed(options);
  const splitter = new LineSplitter();
  let last = options.after;
  for await (const chunk of options.input) {
    const lines = splitter.take(chunk);
    await feed.take(lines);
    last = lines.at(-1)?.number ?? last;
    if (options.ending.aborted) break;
  }
  // A line that was cut off by the end of the process is no line.
  const rest = options.ending.aborted ? [] : splitter.finish();
  await feed.take(rest);
  await feed.flush(rest.at(-1)?.number ?? last);
  return feed.fed;
}
