// A tail: all partitions of some topics, read on for ever in no group. Without a group there is no default position that
// could skip records, nothing to rebalance and nothing to commit.
import type { HiddenPartition, RecordBatch, Tail, TailOptions } from '#libs/event-log';
import type { Wire } from '../wire/wire.js';
import { FetchLoop } from './fetch-loop.js';
import { Flow } from './flow.js';
import { listOffsets } from './offsets.js';

/** Topics whose offsets are asked for side by side. */
const ASKED_AT_ONCE = 50;

export interface TailWiring {
  readonly wire: Wire;
  readonly lane: string;
  readonly onAppendTime: (appendedMs: number) => void;
  readonly onClosed: (tail: KafkaTail) => void;
}

async function startsOf(wire: Wire, topic: string, from: readonly number[] | 'start' | 'end'): Promise<number[]> {
  if (from === 'start') return listOffsets(wire, topic, 'start');
  if (from === 'end') return listOffsets(wire, topic, 'stable');
  const patience = { doing: `looking at ${topic}`, limitMs: wire.settings.requestTimeoutMs };
  const { leaders } = await wire.patiently(patience, () => wire.topic(topic));
  if (leaders.every((_, partition) => from[partition] !== undefined)) return from.slice(0, leaders.length);
  const starts = await listOffsets(wire, topic, 'start');
  return starts.map((start, partition) => from[partition] ?? start);
}

export class KafkaTail implements Tail {
  readonly #flows = new Map<string, readonly Flow[]>();
  readonly #loop: FetchLoop;

  private constructor(
    private readonly options: TailOptions,
    private readonly wiring: TailWiring,
  ) {
    const { wire, lane, onAppendTime } = wiring;
    const deliver = (_flow: Flow, batch: RecordBatch): void | Promise<void> => options.onBatch(batch);
    this.#loop = new FetchLoop({
      wire,
      lane,
      deliver,
      onAppendTime,
      onError: (error, fatal) => this.#fault(error, fatal),
    });
  }

  static async open(options: TailOptions, wiring: TailWiring): Promise<KafkaTail> {
    const tail = new KafkaTail(options, wiring);
    const topics = [...options.topics];
    for (let first = 0; first < topics.length; first += ASKED_AT_ONCE)
      await Promise.all(
        topics.slice(first, first + ASKED_AT_ONCE).map(async ([topic, from]) => {
          const starts = await startsOf(wiring.wire, topic, from);
          tail.#flows.set(
            topic,
            starts.map((start, partition) => new Flow(topic, partition, start)),
          );
        }),
      );
    tail.#loop.add([...tail.#flows.values()].flat());
    return tail;
  }

  positions(topic: string): readonly number[] {
    return (this.#flows.get(topic) ?? []).map(({ position }) => position);
  }

  get hidden(): readonly HiddenPartition[] {
    return this.#loop.hidden;
  }

  async close(): Promise<void> {
    await this.#loop.close();
    this.wiring.onClosed(this);
  }

  #fault(error: Error, fatal: boolean): void {
    if (fatal) this.wiring.onClosed(this);
    this.options.onError(error, fatal);
  }
}
