// Laws of the chunk codec: what goes in comes out, whole or cut to any range, and its bytes are what version 1 says.
import fc from 'fast-check';
import type { LogRecord } from '#libs/event-log';
import { ChunkBuilder, chunkCount, chunkLatestMs, chunkNext, readChunk } from './chunk.js';

const content = fc.oneof(
  fc.constant(null),
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
);
const written = fc.record({
  key: content,
  value: content,
  headers: fc.option(fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 3 }), { nil: undefined }),
  gap: fc.nat(3),
  timestampMs: fc.integer({ min: 1_700_000_000_000, max: 1_701_000_000_000 }),
});

const bytesOf = (value: string | Uint8Array | null): string | null =>
  value === null ? null : Buffer.from(value as string).toString('hex');
const seen = (record: LogRecord) => ({
  ...record,
  key: bytesOf(record.key),
  value: bytesOf(record.value),
  headers: { ...record.headers },
});

describe('a chunk', () => {
  it('gives back what was put in, cut to any range', () => {
    const base = 10_000_000_000;
    fc.assert(
      fc.property(fc.array(written, { minLength: 1, maxLength: 20 }), fc.nat(60), fc.nat(60), (records, low, high) => {
        const builder = new ChunkBuilder(base, 1);
        let offset = base;
        const expected = records.map(({ gap, timestampMs, headers, ...rest }) => {
          offset += gap;
          builder.add(headers === undefined ? rest : { ...rest, headers }, offset, timestampMs);
          return {
            offset: offset++,
            timestampMs,
            key: bytesOf(rest.key),
            value: bytesOf(rest.value),
            headers: { ...headers },
          };
        });
        const bytes = builder.seal();
        const range = { from: base + Math.min(low, high), to: base + Math.max(low, high) };
        const into: LogRecord[] = [];
        readChunk(bytes, base, range, into);
        expect(into.map(seen)).toEqual(
          expected.filter((record) => record.offset >= range.from && record.offset < range.to),
        );
        expect([chunkCount(bytes), chunkNext(bytes)]).toEqual([records.length, offset]);
        expect(chunkLatestMs(bytes)).toBe(Math.max(...records.map((record) => record.timestampMs)));
      }),
      { numRuns: 150 },
    );
  });

  it('ends before times that it cannot hold', () => {
    const builder = new ChunkBuilder(0);
    builder.add({ key: 'k', value: 'v' }, 0, 1_700_000_000_000);
    expect(builder.takes(1_700_000_000_001)).toBe(true);
    expect(builder.takes(0)).toBe(false);
  });

  it('of version 1 decodes for ever, and of another version is refused by name', () => {
    const golden = Buffer.from(
      [
        '0100000002000000000000000000244000008056febc784200208056febc7842',
        '000000000000000005000000010000000900000040613a6873767b2268223a2231227d',
        '0200000002000000ffffffffffffffff00000000',
      ].join(''),
      'hex',
    );
    const records: LogRecord[] = [];
    readChunk(golden, 7, { from: 0, to: 100 }, records);
    expect(records).toEqual([
      {
        offset: 7,
        timestampMs: 1_700_000_000_000,
        key: Buffer.from('@a:hs'),
        value: Buffer.from('v'),
        headers: { h: '1' },
      },
      { offset: 9, timestampMs: 1_700_000_000_002, key: null, value: null },
    ]);
    expect(chunkNext(golden)).toBe(10);
    golden[0] = 2;
    expect(() => readChunk(golden, 7, { from: 0, to: 100 }, [])).toThrow('unknown version 2');
  });
});
