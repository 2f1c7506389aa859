// Whatever is encoded decodes to itself, and its text survives UTF-8.
import fc from 'fast-check';
import { isRoomId, isUserId, toWellFormed, type RoomId, type UserId } from '#libs/matrix';
import * as contracts from '../index.js';
import { type Decoded } from '../index.js';

const userId = fc
  .oneof(
    fc.constantFrom('@a:hs', '@é"\\|@:[::1]:80'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).map((text) => `@${text}:hs`),
  )
  .filter(isUserId) as fc.Arbitrary<UserId>;
const roomId = fc
  .oneof(
    fc.constantFrom('!r:hs', '!opaque'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).map((text) => `!${text}:hs`),
  )
  .filter(isRoomId) as fc.Arbitrary<RoomId>;
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }).map(toWellFormed);
const maybe = <N extends string, T>(name: N, value: fc.Arbitrary<T>): fc.Arbitrary<Partial<Record<N, T>>> =>
  fc.option(value).map((some) => (some === null ? {} : ({ [name]: some } as Partial<Record<N, T>>)));
const merged = <A extends object, B extends object>(a: fc.Arbitrary<A>, b: fc.Arbitrary<B>): fc.Arbitrary<A & B> =>
  fc.tuple(a, b).map(([left, right]) => ({ ...left, ...right }));

const presence = fc.constantFrom('online', 'unavailable', 'offline', 'busy');
const count = fc.oneof(fc.nat(), fc.maxSafeNat());
const version = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const time = fc.maxSafeInteger();
const view = merged(
  fc.record({ presence, currentlyActive: fc.boolean() }),
  merged(maybe('statusMsg', text), maybe('lastActiveAtMs', time)),
);
const device = fc.record({ deviceId: text, sessionId: text });
const activityInput = fc.oneof(
  merged(
    device,
    fc.record({
      type: fc.constant('device.connected'),
      claim: fc.constantFrom('auto', 'online', 'unavailable', 'none'),
      leaseMs: version,
    }),
  ),
  merged(device, merged(fc.record({ type: fc.constant('device.disconnected') }), maybe('agoMs', count))),
  merged(fc.record({ type: fc.constant('device.active') }), merged(maybe('deviceId', text), maybe('agoMs', count))),
);
const commandInput = fc.oneof(
  merged(fc.record({ type: fc.constant('presence.set'), deviceId: text, presence }), maybe('statusMsg', text)),
  merged(fc.record({ type: fc.constant('presence.override') }), maybe('presence', presence)),
  fc.record({ type: fc.constant('user.forget') }),
);
const cause = fc.oneof(
  fc.record({ topic: fc.constantFrom('activity', 'commands'), offset: count }),
  fc.record({ timer: fc.constantFrom('idle', 'active', 'lease', 'grace', 'put') }),
);
const circumstances = fc.record({
  userId,
  life: count,
  atMs: time,
  cause,
  applied: merged(maybe('activity', count), maybe('commands', count)),
});
const change = fc.oneof(
  merged(circumstances, fc.record({ kind: fc.constant('changed'), version, view, before: view })),
  merged(circumstances, fc.record({ kind: fc.constant('forgotten'), version: count })),
);
const position = fc.record({ nextOffset: count, reachedMs: fc.oneof(time, fc.constant(-Infinity)) });
const positions = fc.tuple(position, position);
const progress = merged(
  fc.record({
    inputs: positions,
    checkpoint: positions,
    acceptedLoss: fc.array(fc.record({ input: fc.nat(1), fromOffset: count, toOffset: count }), { maxLength: 3 }),
  }),
  maybe('timersMs', time),
);
const snapshotRecord = fc.oneof(
  fc.record({
    kind: fc.constant('begin'),
    atMs: time,
    reason: fc.constantFrom('due', 'first', 'policy', 'loss', 'moved'),
    inputs: positions,
    users: count,
    losses: count,
    policy: fc.record({
      idleAfterMs: version,
      activeForMs: version,
      offlineAfterMs: version,
      busyOfflineAfterMs: version,
      maxLeaseMs: version,
    }),
  }),
  fc.record({ kind: fc.constant('end'), atMs: time, users: count }),
  fc.record({
    kind: fc.constant('order'),
    points: fc.array(fc.tuple(fc.integer({ min: -1 }), fc.integer({ min: -1 })), { maxLength: 4 }),
  }),
);
const entry = merged(
  fc.record({ userId, life: count, changedAtMs: time, to: fc.array(userId, { maxLength: 5 }) }),
  fc.oneof(
    fc.record({ kind: fc.constant('shown'), version, view }),
    fc.record({ kind: fc.constant('gone'), version: count }),
  ),
);

function law<T>(
  name: string,
  record: fc.Arbitrary<unknown>,
  {
    encode,
    decode,
    key,
  }: {
    encode: (record: T) => string;
    decode: (text: string, key: string) => Decoded<unknown>;
    key: (record: T) => string;
  },
): void {
  test(name, () => {
    fc.assert(
      fc.property(record as fc.Arbitrary<T>, (value) => {
        const written = encode(value);
        expect(Buffer.from(written).toString()).toBe(written);
        expect(decode(written, key(value))).toEqual({ ok: true, record: value });
      }),
      { numRuns: 200 },
    );
  });
}

const byUser = ({ userId: id }: { readonly userId: string }): string => id;
const noKey = (): string => '';

law('activity', fc.record({ userId, input: activityInput }), {
  encode: contracts.encodeActivity,
  decode: contracts.decodeActivity,
  key: byUser,
});
law('commands', fc.record({ userId, input: commandInput }), {
  encode: contracts.encodeCommand,
  decode: contracts.decodeCommand,
  key: byUser,
});
law(
  'memberships',
  fc.record({ roomId, userId, membership: fc.constantFrom('join', 'leave', 'invite', 'knock', 'ban') }),
  {
    encode: contracts.encodeMembership,
    decode: contracts.decodeMembership,
    key: (pair: contracts.MembershipRecord) => contracts.membershipKey(pair.roomId, pair.userId),
  },
);
law('rooms', fc.record({ roomId, presence: fc.constantFrom('share', 'withhold') }), {
  encode: contracts.encodeRoomPolicy,
  decode: contracts.decodeRoomPolicy,
  key: (policy: contracts.RoomPolicyRecord) => policy.roomId,
});
law('states', fc.record({ userId, life: count, version, changedAtMs: time, view }), {
  encode: contracts.encodeState,
  decode: contracts.decodeState,
  key: byUser,
});
law('progress', progress, { encode: contracts.encodeProgress, decode: contracts.decodeProgress, key: noKey });
law('snapshots', snapshotRecord, {
  encode: contracts.encodeSnapshotRecord,
  decode: contracts.decodeSnapshotRecord,
  key: contracts.snapshotKey,
});
law('changes', change, { encode: contracts.encodeChange, decode: contracts.decodeChange, key: byUser });
law('frames', fc.record({ entries: fc.array(entry, { maxLength: 4 }) }), {
  encode: contracts.encodeFrame,
  decode: contracts.decodeFrame,
  key: noKey,
});

test('the key of a membership names its pair, whatever the ids hold', () => {
  fc.assert(
    fc.property(roomId, userId, (room, user) => {
      expect(contracts.pairOf(contracts.membershipKey(room, user))).toEqual({ roomId: room, userId: user });
    }),
    { numRuns: 500 },
  );
});
