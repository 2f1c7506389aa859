// Records broken in every way, through every decoder: always a record or a reason, never a throw; and what was taken
// can be written and read again.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  decodeFrameHeaders,
  decodeRegisters,
  decodeStatesRecord,
  decodeRejection,
  LINE_READERS,
  readMembershipCsvLine,
  recipientOf,
} from '../index.js';
import { decodeRecipientEvent } from '../deliveries/recipient-event.js';
import { type Decoded } from '../format/decoded.js';
import { STORED_FORMATS } from './decoders.js';

// Text that is not JSON is an error inside every decoder; without stacks, which nobody sees, they cost a third.
const stackTraceLimit = Error.stackTraceLimit;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

const GOLDEN = Object.keys(STORED_FORMATS).flatMap((name) =>
  readFileSync(`${__dirname}/${name}.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { key: string | null; value: string | null }),
);
const PIECES = [
  'null',
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '-',
  '1e999',
  '-0',
  '0.1',
  '9007199254740993',
  'true',
  '"__proto__":{},',
  '"v":2,',
  '""',
  '@',
  '!',
  '\0',
  '\ud800',
  '😀',
  ' ',
  '"constructor"',
];
const VALUES: unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  2 ** 53,
  '',
  '@a:hs',
  '\ud800',
  'x'.repeat(3000),
  [],
  [null],
  {},
  { to: 1 },
];
const KEYS = [null, '', '@a:hs', '!progress', '!r:hs|@a:hs', '|', '@', '\ud800', '@a:hs\0'];

type Random = (below: number) => number;

function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)] as T;

function brokenText(random: Random, text: string): string {
  let broken = text;
  for (let times = random(3); times >= 0; times -= 1) {
    const at = random(broken.length + 1);
    const end = at + random(6);
    broken = broken.slice(0, at) + pick(random, ['', broken.slice(at, end).repeat(2), ...PIECES]) + broken.slice(end);
  }
  return broken;
}

function brokenField(random: Random, text: string): string {
  const record = JSON.parse(text) as Record<string, unknown>;
  const name = pick(random, [...Object.keys(record), 'v', 'type']);
  if (random(3) === 0) delete record[name];
  else record[name] = pick(random, VALUES);
  return JSON.stringify(record);
}

function reasonFault(result: Decoded<unknown>): string | undefined {
  if (result.ok) return undefined;
  const { reason } = result;
  return reason.length > 0 && reason.length < 600 && !/undefined|NaN|\[object/.test(reason) ? undefined : reason;
}

/** Everything that is wrong with how this record is decoded. Without `expect`, which would take longer than decoding. */
function faultsOf(value: string, key: string | null): unknown[] {
  const headers = {
    memberships: value,
    rooms: '{}',
    changes: '{}',
    reason: 'r',
    topic: 't',
    partition: value,
    offset: '1',
  };
  const faults: unknown[] = [
    decodeStatesRecord(value, key),
    decodeRecipientEvent({ value, key, headers }),
    decodeFrameHeaders(headers),
    decodeRejection(headers),
  ].map(reasonFault);
  for (const format of Object.values(STORED_FORMATS)) {
    const result = format.decode(value, key);
    faults.push(reasonFault(result));
    if (!result.ok || result.again === undefined) continue;
    // Compared as text, where −0 is 0 as it is in JSON.
    const written = result.again();
    const again = format.decode(written, key);
    if (!again.ok || again.again?.() !== written) faults.push([result, again]);
  }
  const readings = [...Object.values(LINE_READERS).map((read) => read(value)), readMembershipCsvLine(value, 1)];
  for (const reading of readings) if (!/^(?:record|nothing|bad)$/.test(reading.kind)) faults.push(reading);
  const recipient = recipientOf('presence.', `presence.to.${value}`);
  if (recipient.kind === 'other') faults.push(recipient);
  return faults.filter((fault) => fault !== undefined);
}

test('20,000 broken records: a record or a reason, and a record is the same when written and read again', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = randomFrom(seed);
      for (let count = 0; count < 100; count += 1) {
        const golden = pick(random, GOLDEN);
        const text = golden.value ?? '';
        const value = random(4) === 0 && text !== '' ? brokenField(random, text) : brokenText(random, text);
        const key = random(3) > 0 ? golden.key : pick(random, KEYS);
        const faults = faultsOf(value, key);
        if (faults.length > 0) expect({ value, key, faults }).toEqual({ value, key, faults: [] });
      }
    }),
    { numRuns: 200 },
  );
});

test('a reason that says nothing would be found', () => {
  expect(reasonFault({ ok: false, reason: '"x" is undefined' })).toBeDefined();
  expect(reasonFault({ ok: false, reason: '' })).toBeDefined();
});

test('registers that are none throw, since only we write them', () => {
  expect(() => decodeRegisters('{}')).toThrow('not registers');
});
