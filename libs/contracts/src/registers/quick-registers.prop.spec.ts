// The quick way against the schema: of what our encoder writes it finds the same, packed and unpacked; of anything that only
// nearly looks like it, the same or nothing.
import * as fc from 'fast-check';
import { Aggregate, NOWHERE, PackedAggregates, restore, snapshot } from '#libs/presence';
import { RUNS, demandSame, fold, spansInALog, timelines } from '#libs/testing';
import { FoundRegisters, decodeRegisters, encodeRegisters, findRegisters } from './index.js';

const readText = (bytes: Uint8Array, start: number, end: number): string =>
  new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end));
const found = new FoundRegisters();
const packed = new PackedAggregates(readText);
let address = NOWHERE;

/** What is found somewhere in a log, other bytes around it; undefined = nothing. */
function foundIn(text: string, key: string): object | undefined {
  const spans = spansInALog(key, text);
  if (!findRegisters(spans, found)) return undefined;
  address = packed.packFound(found, address);
  const aggregate = new Aggregate();
  packed.unpack(address, aggregate);
  const state = found.knowsState ? { state: { activeAtMs: known(found.stateActiveAtMs) } } : {};
  const told = { atMs: known(found.changedAtMs), activeAtMs: known(found.changedActiveAtMs), ...state };
  return { userId: key, snapshot: snapshot(aggregate), told };
}

function known(atMs: number): number | undefined {
  return Number.isNaN(atMs) ? undefined : atMs;
}

/** As the long way gives it, through an aggregate too. */
function decodedOf(text: string): object {
  const { userId, snapshot: stored, told } = decodeRegisters(text);
  return { userId, snapshot: snapshot(restore(stored)), told };
}

const userIds = fc.constantFrom('@a:hs', '@alice.b_c=d:example.org:8448');
const times = fc.option(fc.integer(), { nil: undefined });
const tolds = fc.record(
  { atMs: times, activeAtMs: times, state: fc.record({ activeAtMs: times }) },
  { requiredKeys: ['atMs', 'activeAtMs'] },
);

test('what our encoder writes is found, and rightly', () => {
  fc.assert(
    fc.property(timelines({ withForget: true }), userIds, tolds, (timeline, userId, told) => {
      const text = encodeRegisters(userId, snapshot(fold(timeline).aggregate), told);
      expect(foundIn(text, userId)).toBeDefined();
      demandSame(foundIn(text, userId), decodedOf(text));
    }),
    RUNS,
  );
});

test('what nearly looks like it is read alike, or not at all', () => {
  let quick = 0;
  const stray = fc.constantFrom(
    '',
    '0',
    '-',
    '1',
    'e',
    '.',
    '"',
    '\\',
    ',',
    ' ',
    '}',
    '{',
    ']',
    'true',
    'null',
    'é',
    '\u0001',
    ',"x":1',
  );
  fc.assert(
    fc.property(timelines({ withForget: true }), stray, fc.nat(900), fc.nat(2), (timeline, piece, at, cut) => {
      const told = { state: at % 3 === 0 ? {} : { activeAtMs: at } };
      const whole = encodeRegisters('@a:hs', snapshot(fold(timeline).aggregate), told);
      const place = at % whole.length;
      const text = whole.slice(0, place) + piece + whole.slice(place + cut);
      const got = foundIn(text, '@a:hs');
      if (got === undefined) return;
      quick += 1;
      demandSame({ text, ...got }, { text, ...decodedOf(text) });
    }),
    { numRuns: 10_000 },
  );
  // The comparison means something only if it took place.
  expect(quick).toBeGreaterThan(200);
});

test('any script is found; escapes, fractions and a foreign key are left to the long way', () => {
  const aggregate = new Aggregate();
  aggregate.version = 3;
  aggregate.shownStatusMsg = 'früh auf 😀';
  aggregate.commands.statusMsg = 'später 😀';
  const text = encodeRegisters('@a:hs', snapshot(aggregate));
  demandSame(foundIn(text, '@a:hs'), decodedOf(text));
  expect(found.hasHigh).toBe(true);
  const strange = [
    text.replace('früh', 'fr\\u00fch'),
    text.replace('"version":3', '"version":3.0'),
    text.replace('"version":3', '"version":03'),
    text.replace('"version":3', '"version":9007199254740993'),
    text.replace(',"version":3', ', "version":3'),
    `${text} `,
    text.slice(0, -1),
  ];
  expect(strange.map((one) => foundIn(one, '@a:hs'))).toEqual(strange.map(() => undefined));
  expect([foundIn(text, '@a:h'), foundIn(text, '@b:hs'), foundIn(text, '')]).toEqual([undefined, undefined, undefined]);
});
