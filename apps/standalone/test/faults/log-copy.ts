// A copy of what the log holds, as any reader without our help would keep it: committed records of some topics, in order.
// Invariant: it only ever grows by what lies behind what it has; nothing is interpreted here.
import type { EventLog } from '#libs/event-log';

export interface CopiedRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

interface CopiedPartition {
  readonly records: CopiedRecord[];
  nextOffset: number;
}

export class LogCopy {
  readonly #topics = new Map<string, CopiedPartition[]>();

  constructor(private readonly log: Pick<EventLog, 'ends' | 'read'>) {}

  /** Reads on to the ends as they are now. */
  async follow(topics: readonly string[]): Promise<void> {
    await Promise.all(topics.map((topic) => this.#follow(topic)));
  }

  /** Records by partition. */
  of(topic: string): readonly (readonly CopiedRecord[])[] {
    return (this.#topics.get(topic) ?? []).map(({ records }) => records);
  }

  async #follow(topic: string): Promise<void> {
    const ends = await this.log.ends(topic);
    const partitions = this.#topics.get(topic) ?? ends.map(() => ({ records: [], nextOffset: 0 }));
    this.#topics.set(topic, partitions);
    await Promise.all(
      partitions.map(async (partition, index) => {
        const end = ends[index] ?? 0;
        if (end <= partition.nextOffset) return;
        for await (const { records } of this.log.read(topic, index, partition.nextOffset, end)) {
          for (const { offset, timestampMs, key, value, headers } of records) {
            if (offset < partition.nextOffset) continue;
            const texts = { offset, timestampMs, key: textOf(key), value: textOf(value) };
            partition.records.push(headers === undefined ? texts : { ...texts, headers });
          }
        }
        partition.nextOffset = end;
      }),
    );
  }
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
