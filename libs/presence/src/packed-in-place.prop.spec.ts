// What is done to the block of a user at rest in place: it is what would have been done to the aggregate, or nothing.
import * as fc from 'fast-check';
import { RUNS, demandSame, take, timelines, type TimelineRecord } from '#libs/testing';
import { Aggregate } from './aggregate.js';
import { NOWHERE } from './block-pages.js';
import { PackedAggregates } from './packed-aggregates.js';
import type { Change } from './change.js';
import type { DeviceConnected } from './inputs.js';
import type { Bumped } from './packed-activity.js';
import type { Policy } from './policy.js';
import { restore, snapshot } from './snapshot.js';
import { absorbActivity } from './take.js';
import { unpacked, wholeOf } from './testing/at-rest.js';

const readText = (bytes: Uint8Array, start: number, end: number): string =>
  new TextDecoder().decode(bytes.subarray(start, end));
/** So many that what is done in place is far more often than is demanded below. */
const MANY_RUNS = { numRuns: 2 * RUNS.numRuns };
const ACTIVE = { type: 'device.active' } as const;
const IDS = 'xAB12x';
const ID_BYTES = new TextEncoder().encode(IDS);

const idFound = (id: string | undefined) => {
  const start = id === undefined ? -1 : IDS.indexOf(id);
  return { bytes: ID_BYTES, start, end: start + 1 };
};

/** What comes next, done to the block of that user: as it would be awake, or, where that is `undefined`, not at all. */
function demandAlike<T>(
  awake: Aggregate,
  next: TimelineRecord,
  policy: Policy,
  inPlace: (packed: PackedAggregates, address: number) => T | undefined,
): T | undefined {
  const packed = new PackedAggregates(readText);
  const address = packed.pack(awake, NOWHERE);
  const done = inPlace(packed, address);
  const expected = restore(snapshot(awake));
  expected.deadlineMs = awake.deadlineMs;
  const changes: Change[] = [];
  if (done !== undefined) take(expected, next, policy, changes);
  demandSame({ ...wholeOf(unpacked(packed, address)), changes: [] }, { ...wholeOf(expected), changes });
  return done;
}

const isActive = (record: TimelineRecord): boolean => record.input.type === 'device.active';

describe('a user at rest', () => {
  it('takes activity in place as it would awake, or not at all', () => {
    const inPlace = new Map<Bumped, number>();
    const devices = fc.constantFrom('A', 'B', undefined);
    fc.assert(
      fc.property(timelines({ withForget: true }), devices, fc.nat(25), ({ records, policy }, deviceId, laterMs) => {
        const awake = new Aggregate();
        for (const record of records) {
          take(awake, record, policy, []);
          const input = deviceId === undefined ? ACTIVE : { ...ACTIVE, deviceId };
          const next = { topic: 'activity', input, tMs: record.tMs + laterMs, offset: 1_000 } as const;
          const bumped = demandAlike(awake, next, policy, (packed, address) =>
            packed.bump(address, idFound(deviceId), next),
          );
          if (bumped !== undefined) inPlace.set(bumped, (inPlace.get(bumped) ?? 0) + 1);
        }
      }),
      MANY_RUNS,
    );
    expect(Math.min(inPlace.get('active') ?? 0, inPlace.get('offline') ?? 0)).toBeGreaterThan(500);
  });

  it('renews a session in place as it would awake, or not at all', () => {
    let inPlace = 0;
    // Mostly of a session that was opened last, under the claim that it has.
    const changes = fc.record(
      {
        sessionId: fc.constantFrom('1', '2'),
        claim: fc.constantFrom('auto', 'online', 'unavailable', 'none' as const),
        leaseMs: fc.constantFrom(1, 20, 50, 500),
      },
      { requiredKeys: [] },
    );
    const later = fc.constantFrom(0, 0, 1, 5, 25);
    fc.assert(
      fc.property(timelines({ withForget: true }), changes, later, ({ records, policy }, change, laterMs) => {
        const awake = new Aggregate();
        let opened: DeviceConnected | undefined;
        for (const record of records) {
          take(awake, record, policy, []);
          if (record.input.type === 'device.connected') opened = record.input;
          if (opened === undefined) continue;
          const input = { ...opened, ...change };
          const next = { topic: 'activity', input, tMs: record.tMs + laterMs, offset: 1_000 } as const;
          const found = { ...input, device: idFound(input.deviceId), session: idFound(input.sessionId) };
          const renewed = demandAlike(awake, next, policy, (packed, address) => {
            const deadlineMs = packed.renew(address, found, next, policy);
            return Number.isNaN(deadlineMs) ? undefined : deadlineMs;
          });
          if (renewed !== undefined) inPlace += 1;
        }
      }),
      MANY_RUNS,
    );
    expect(inPlace).toBeGreaterThan(500);
  });

  it('absorbs activity in place as it would awake, or not at all', () => {
    let inPlace = 0;
    fc.assert(
      fc.property(timelines({ withForget: true }), fc.nat(23), ({ records, policy }, which) => {
        const packed = new PackedAggregates(readText);
        const aggregate = new Aggregate();
        const split = which % records.length;
        for (const record of records.slice(0, split)) take(aggregate, record, policy, []);
        let address = packed.pack(aggregate, NOWHERE);
        for (const record of records.slice(split).filter(isActive)) {
          if (record.input.type !== 'device.active') continue;
          const { deviceId, agoMs = -1 } = record.input;
          const before = wholeOf(aggregate);
          const taken = packed.absorb(address, { device: idFound(deviceId), agoMs }, record, policy);
          if (taken === undefined) demandSame(wholeOf(unpacked(packed, address)), before);
          const expected = absorbActivity(aggregate, record.input, record, policy);
          if (taken !== undefined) {
            inPlace += 1;
            expect(taken).toBe(expected);
            demandSame(wholeOf(unpacked(packed, address)), wholeOf(aggregate));
          }
          address = packed.pack(aggregate, address);
        }
      }),
      MANY_RUNS,
    );
    expect(inPlace).toBeGreaterThan(500);
  });
});
