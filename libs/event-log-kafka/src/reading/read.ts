// Reads one partition to a known end. Invariant: it ends exactly there, however the last offsets before it look: control
// records, aborted transactions and compacted gaps move the position without a record. The next piece is fetched while the
// caller works on this one.
import { OffsetOutOfRangeError, type RecordBatch } from '#libs/event-log';
import { type Decoded, decodeBatches } from '../records/decode.js';
import { errorOfCode, toldElsewhere } from '../wire/faults.js';
import { type FetchedPartition, fetchRequest } from '../wire/fetch-request.js';
import type { Wire } from '../wire/wire.js';
import { FetchedBatch } from './fetched-batch.js';
import { listOffsets } from './offsets.js';

const PIECE_BYTES = 2 * 1024 * 1024;
const OFFSET_OUT_OF_RANGE = 1;
/** After a change of leaders the end may seem nearer for a moment. */
const END_PATIENCE_MS = 3_000;

export interface ReadRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

interface Piece {
  /** Absent: there are none. */
  readonly packed?: Decoded['packed'];
  readonly nextOffset: number;
}

export class PartitionReader {
  #shortSince: number | undefined;

  constructor(
    private readonly wire: Wire,
    private readonly lane: string,
    private readonly range: ReadRange,
  ) {}

  async *batches(): AsyncGenerator<RecordBatch> {
    const { topic, partition, from, to } = this.range;
    const [[start = 0], [end = 0]] = await Promise.all([
      listOffsets(this.wire, topic, 'start', { partitions: [partition] }),
      listOffsets(this.wire, topic, 'stable', { partitions: [partition] }),
    ]);
    if (to > end) this.#failShort(end);
    let position = Math.max(from, start);
    let coming = position < to ? this.#piece(position) : undefined;
    while (coming !== undefined) {
      const piece = await coming;
      const nextOffset = Math.min(piece.nextOffset, to);
      const moved = nextOffset > position;
      position = nextOffset;
      coming = position < to ? this.#piece(position) : undefined;
      coming?.catch(toldElsewhere);
      if (moved) yield this.#batch(piece, nextOffset);
    }
  }

  #batch({ packed, nextOffset }: Piece, upTo: number): RecordBatch {
    const { topic, partition, to } = this.range;
    if (packed === undefined) return { topic, partition, records: [], nextOffset: upTo };
    if (nextOffset <= to) return new FetchedBatch(topic, partition, { packed, nextOffset });
    return { topic, partition, records: packed.records.filter(({ offset }) => offset < to), nextOffset: upTo };
  }

  async #piece(position: number): Promise<Piece> {
    const { topic, partition } = this.range;
    const { requestTimeoutMs, fetchWaitMs } = this.wire.settings;
    const from = [{ topic, partition, offset: position }];
    const limits = { waitMs: fetchWaitMs, maxBytes: PIECE_BYTES, partitionBytes: PIECE_BYTES };
    const patience = {
      topic,
      partition,
      lane: this.lane,
      doing: `reading ${topic}-${partition}`,
      limitMs: requestTimeoutMs,
    };
    const fetched = await this.wire.askLeader(patience, async (link) => {
      const { errorCode, partitions } = await link.send(fetchRequest(from, limits));
      const [answer] = partitions;
      if (errorCode !== 0 || answer === undefined) throw errorOfCode(errorCode);
      if (answer.errorCode !== 0 && answer.errorCode !== OFFSET_OUT_OF_RANGE) throw errorOfCode(answer.errorCode);
      return answer;
    });
    return fetched.errorCode === OFFSET_OUT_OF_RANGE ? this.#skipDeleted(position) : this.#decode(fetched, position);
  }

  #decode(fetched: FetchedPartition, position: number): Piece {
    if (this.range.to > fetched.stableEnd) {
      this.#shortSince ??= performance.now();
      if (performance.now() - this.#shortSince > END_PATIENCE_MS) this.#failShort(fetched.stableEnd);
    }
    // Nothing, although the stable end lies further: what was here is compacted away.
    if (fetched.batches.length === 0) return { nextOffset: Math.max(position, fetched.stableEnd) };
    return decodeBatches(fetched.batches, position, fetched.aborted);
  }

  /** Retention went on while we read. */
  async #skipDeleted(position: number): Promise<Piece> {
    const { topic, partition } = this.range;
    const [start = 0] = await listOffsets(this.wire, topic, 'start', { partitions: [partition] });
    if (start <= position) throw new OffsetOutOfRangeError(`${topic}-${partition} does not hold ${position} any more`);
    return { nextOffset: start };
  }

  #failShort(end: number): never {
    const { topic, partition, to } = this.range;
    throw new OffsetOutOfRangeError(`${topic}-${partition} ends at ${end}, before ${to}`);
  }
}
