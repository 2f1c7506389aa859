// Users at rest: whatever happened to one, packing and unpacking it changes nothing.
import * as fc from 'fast-check';
import { RUNS, demandSame, fold, take, timelines } from '#libs/testing';
import { Aggregate, rearm } from './aggregate.js';
import { NOWHERE } from './block-pages.js';
import { PackedAggregates } from './packed-aggregates.js';
import type { InputPosition } from './inputs.js';
import { unpacked, wholeOf } from './testing/at-rest.js';

const readText = (bytes: Uint8Array, start: number, end: number): string =>
  new TextDecoder().decode(bytes.subarray(start, end));

describe('a user at rest', () => {
  it('comes back as it was after every input, and goes on as it would have', () => {
    fc.assert(
      fc.property(timelines({ withForget: true }), (timeline) => {
        const packed = new PackedAggregates(readText);
        let address = NOWHERE;
        const rested = fold(timeline, (aggregate) => {
          address = packed.pack(aggregate, address);
          const back = unpacked(packed, address);
          demandSame(wholeOf(back), wholeOf(aggregate));
          return back;
        });
        const awake = fold(timeline);
        demandSame(rested.changes, awake.changes);
        demandSame(wholeOf(rested.aggregate), wholeOf(awake.aggregate));
      }),
      RUNS,
    );
  });

  it('rearms as it would awake', () => {
    fc.assert(
      fc.property(timelines({ withForget: true }), (timeline) => {
        const packed = new PackedAggregates(readText);
        const { aggregate } = fold(timeline);
        const address = packed.pack(aggregate, NOWHERE);
        rearm(aggregate, timeline.policy);
        expect(packed.rearm(address, timeline.policy)).toBe(aggregate.deadlineMs);
        demandSame(wholeOf(unpacked(packed, address)), wholeOf(aggregate));
      }),
      RUNS,
    );
  });

  it('may have messages and ids of any length and script', () => {
    const packed = new PackedAggregates(readText);
    let address = NOWHERE;
    const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 40 }), (puts) => {
        const aggregate = new Aggregate();
        const policy = {
          idleAfterMs: 50,
          activeForMs: 20,
          offlineAfterMs: 10,
          busyOfflineAfterMs: 100,
          maxLeaseMs: 60,
        };
        for (const [offset, [deviceId, statusMsg]] of puts.entries()) {
          const at: InputPosition = { tMs: 1_000, offset };
          take(
            aggregate,
            { topic: 'commands', input: { type: 'presence.set', deviceId, presence: 'busy', statusMsg }, ...at },
            policy,
            [],
          );
        }
        address = packed.pack(aggregate, address);
        demandSame(wholeOf(unpacked(packed, address)), wholeOf(aggregate));
      }),
      { numRuns: 200 },
    );
  });
});

test('a user with a device and a session takes at most 256 bytes at rest, however often it is packed anew', () => {
  const packed = new PackedAggregates(readText);
  const policy = { idleAfterMs: 50, activeForMs: 20, offlineAfterMs: 10, busyOfflineAfterMs: 100, maxLeaseMs: 60 };
  const addresses = new Array<number>(1_000).fill(NOWHERE);
  for (let offset = 0; offset < 5_000; offset += 1) {
    const user = offset % 1_000;
    const aggregate = new Aggregate();
    const session = { sessionId: `a1b2c3-${user}`, claim: 'auto', leaseMs: 60 } as const;
    const input = { type: 'device.connected', deviceId: `KJAHDW${user + 1_000}`, ...session } as const;
    take(aggregate, { topic: 'activity', input, tMs: offset, offset }, policy, []);
    addresses[user] = packed.pack(aggregate, addresses[user]!);
  }
  // A cell has 8 bytes, and pages are filled from the first cell on.
  expect(Math.max(...addresses) * 8).toBeLessThan(1_000 * 256);
});
