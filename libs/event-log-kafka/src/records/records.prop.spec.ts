// Laws of the record batches: what is encoded is decoded, kafkajs (written by others) reads the same from our bytes, sizes
// are never underestimated, and a cut-off batch is left for the next fetch.
import type { NewRecord } from '#libs/event-log';
import fc from 'fast-check';
import Decoder from 'kafkajs/src/protocol/decoder.js';
import foreignCrc from 'kafkajs/src/protocol/recordBatch/crc32C/index.js';
import decodeForeign from 'kafkajs/src/protocol/recordBatch/v0/decoder.js';
import { decodeBatches } from './decode.js';
import { BATCH_HEADER_BYTES, encodeBatch, recordBytes } from './encode.js';

const content = fc.option(
  fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  ),
);
const records: fc.Arbitrary<NewRecord[]> = fc.array(
  fc.record(
    {
      key: content,
      value: content,
      headers: fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: 'grapheme' })),
      timestampMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    },
    { requiredKeys: ['key', 'value'] },
  ),
  { minLength: 1, maxLength: 40 },
);
/** Assigned to an object, this name sets something else. */
const ODDLY_NAMED = { key: null, value: null, headers: Object.fromEntries([['__proto__', 'kept']]) };
const FRAME = { nowMs: 1_795_356_699_354, producerId: 77n, producerEpoch: 3, sequence: 12, transactional: true };

const sizeOf = (batch: readonly NewRecord[]): number => batch.reduce((sum, record) => sum + recordBytes(record), 0);
const encode = (batch: readonly NewRecord[]): Buffer => encodeBatch(batch, sizeOf(batch), FRAME);
const bytesOf = (of: string | Uint8Array | null): Buffer | null => (of === null ? null : Buffer.from(of as string));

const expected = (batch: readonly NewRecord[]) =>
  batch.map((record, offset) => ({
    offset,
    timestampMs: record.timestampMs ?? FRAME.nowMs,
    key: bytesOf(record.key),
    value: bytesOf(record.value),
    ...(Object.keys(record.headers ?? {}).length > 0 ? { headers: { ...record.headers } } : {}),
  }));

describe('record batches', () => {
  it('come back as they went', () => {
    fc.assert(
      fc.property(records, (batch) => {
        const decoded = decodeBatches(encode(batch), 0, []);
        expect(decoded.packed.records).toEqual(expected(batch));
        expect(decoded.nextOffset).toBe(batch.length);
      }),
      { examples: [[[ODDLY_NAMED]]] },
    );
  });

  it('carry the checksum that kafkajs makes of them, and the standard of CRC-32C', () => {
    expect(foreignCrc(Buffer.from('123456789'))).toBe(0xe3069283);
    fc.assert(
      fc.property(records, (batch) => {
        const bytes = encode(batch);
        expect(bytes.readUInt32BE(17)).toBe(foreignCrc(bytes.subarray(21)));
      }),
    );
  });

  it('are read by kafkajs as by us', async () => {
    await fc.assert(
      fc.asyncProperty(records, async (batch) => {
        const foreign = await decodeForeign(new Decoder(encode(batch)));
        expect(
          foreign.records.map(({ offset, timestamp, key, value }) => ({
            offset: Number(offset),
            timestampMs: Number(timestamp),
            key,
            value,
          })),
        ).toEqual(expected(batch).map(({ headers: _headers, ...rest }) => rest));
      }),
    );
  });

  it('are never larger than measured', () => {
    fc.assert(fc.property(records, (batch) => encode(batch).length <= BATCH_HEADER_BYTES + sizeOf(batch)));
  });

  it('that are cut off are left for the next fetch, and start anywhere', () => {
    fc.assert(
      fc.property(records, records, fc.nat(), fc.nat(), (first, second, cut, start) => {
        const bytes = Buffer.concat([encode(first), at(encode(second), first.length)]);
        const whole = decodeBatches(bytes, 0, []).packed.records;
        const from = start % whole.length;
        expect(decodeBatches(bytes, from, []).packed.records).toEqual(whole.slice(from));
        const short = bytes.subarray(0, bytes.length - 1 - (cut % (encode(second).length - 1)));
        const cutOff = decodeBatches(short, 0, []);
        expect({ records: cutOff.packed.records, nextOffset: cutOff.nextOffset }).toEqual({
          records: whole.slice(0, first.length),
          nextOffset: first.length,
        });
      }),
    );
  });
});

/** The same batch at another offset, as a broker stores it. */
function at(batch: Buffer, offset: number): Buffer {
  const moved = Buffer.from(batch);
  moved.writeBigInt64BE(BigInt(offset), 0);
  return moved;
}

describe('aborted transactions', () => {
  const records = (word: string, count: number): NewRecord[] =>
    Array.from({ length: count }, (_, index) => ({ key: null, value: `${word}${index}` }));
  const batch = (offset: number, producerId: bigint, word: string, transactional = true): Buffer => {
    const written = records(word, 2);
    return at(encodeBatch(written, sizeOf(written), { ...FRAME, producerId, transactional }), offset);
  };
  /** The control record that ends a transaction: type 0 aborts, 1 commits. */
  const marker = (offset: number, producerId: bigint, type: 0 | 1): Buffer => {
    const key = Buffer.from([0, 0, 0, type]);
    const value = Buffer.alloc(6);
    const control = at(encodeBatch([{ key, value }], 100, { ...FRAME, producerId }), offset);
    control.writeInt16BE(0x30, 21);
    return control;
  };

  it('are hidden, and only they', () => {
    const log = Buffer.concat([
      batch(0, 1n, 'a'),
      batch(2, 2n, 'b'),
      batch(4, 3n, 'plain', false),
      marker(6, 1n, 0),
      batch(7, 1n, 'later'),
      marker(9, 2n, 1),
      marker(10, 1n, 1),
    ]);
    const { packed, nextOffset, appendedMs } = decodeBatches(log, 0, [{ producerId: 1, firstOffset: 0 }]);
    expect(packed.records.map(({ value }) => String(value))).toEqual([
      'b0',
      'b1',
      'plain0',
      'plain1',
      'later0',
      'later1',
    ]);
    expect(nextOffset).toBe(11);
    expect(appendedMs).toBeUndefined();
  });

  it('hide nothing before they began', () => {
    const log = Buffer.concat([batch(0, 1n, 'before'), marker(2, 1n, 1), batch(3, 1n, 'aborted'), marker(5, 1n, 0)]);
    const { packed, nextOffset } = decodeBatches(log, 0, [{ producerId: 1, firstOffset: 3 }]);
    expect(packed.records.map(({ value }) => String(value))).toEqual(['before0', 'before1']);
    expect(nextOffset).toBe(6);
  });
});
