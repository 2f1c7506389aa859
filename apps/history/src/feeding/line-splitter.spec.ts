// Lines, however the bytes arrive.
import fc from 'fast-check';
import { LineSplitter } from './line-splitter.js';

function split(chunks: readonly string[], maxBytes?: number): readonly (readonly [number, string | undefined])[] {
  const splitter = new LineSplitter(maxBytes);
  const lines = [...chunks.flatMap((chunk) => splitter.take(Buffer.from(chunk))), ...splitter.finish()];
  return lines.map(({ number, bytes }) => [number, bytes === undefined ? undefined : Buffer.from(bytes).toString()]);
}

describe('lines', () => {
  it('are numbered, and the last needs no line feed', () => {
    expect(split(['a\nb'])).toEqual([
      [1, 'a'],
      [2, 'b'],
    ]);
    expect(split(['a\n', 'b\n'])).toHaveLength(2);
    expect(split([])).toEqual([]);
  });

  it('keep their bytes, carriage returns and emptiness included', () => {
    expect(split(['a\r\n\n b'])).toEqual([
      [1, 'a\r'],
      [2, ''],
      [3, ' b'],
    ]);
  });

  it('that are too long are told and not held, and the next is read', () => {
    expect(split(['abc', 'def\nx\n', 'toolong'], 3)).toEqual([
      [1, undefined],
      [2, 'x'],
      [3, undefined],
    ]);
  });

  it('do not depend on how the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('a', 'é', '\n', '\r', ''), { maxLength: 40 }),
        fc.infiniteStream(fc.nat(5)),
        (parts, cuts) => {
          const bytes = Buffer.from(parts.join(''));
          const splitter = new LineSplitter();
          const lines = [];
          for (let at = 0; at < bytes.length;) {
            const length = Number(cuts.next().value) + 1;
            lines.push(...splitter.take(bytes.subarray(at, at + length)));
            at += length;
          }
          lines.push(...splitter.finish());
          const expected = bytes.toString().split('\n');
          if (expected.at(-1) === '') expected.pop();
          expect(lines.map((line) => Buffer.from(line.bytes ?? []).toString())).toEqual(expected);
          expect(lines.map((line) => line.number)).toEqual(expected.map((_line, index) => index + 1));
        },
      ),
    );
  });
});
