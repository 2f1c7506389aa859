// Random timelines of one user, for the laws of presence. Invariant: a timeline is reproducible from fast-check's
// seed, and its times are drawn so that deadlines, ties, late records and steps back of the clock really happen.
import * as fc from 'fast-check';
import type { ActivityInput, CommandInput, Policy } from '#libs/presence';

/** One record as the engine takes it; `tMs` is settled inside its topic. */
export type TimelineRecord =
  | { readonly topic: 'activity'; readonly input: ActivityInput; readonly tMs: number; readonly offset: number }
  | { readonly topic: 'commands'; readonly input: CommandInput; readonly tMs: number; readonly offset: number };

export interface Timeline {
  readonly policy: Policy;
  /** In the order in which they are taken. */
  readonly records: readonly TimelineRecord[];
}

/** Short spans with common multiples, so that deadlines of different kinds meet. */
const policies: fc.Arbitrary<Policy> = fc.constantFrom(
  { idleAfterMs: 50, activeForMs: 20, offlineAfterMs: 10, busyOfflineAfterMs: 100, maxLeaseMs: 60 },
  { idleAfterMs: 40, activeForMs: 10, offlineAfterMs: 30, busyOfflineAfterMs: 30, maxLeaseMs: 200 },
  { idleAfterMs: 21, activeForMs: 20, offlineAfterMs: 70, busyOfflineAfterMs: 90, maxLeaseMs: 40 },
);

const devices = fc.constantFrom('A', 'A', 'B');
const sessions = fc.constantFrom('1', '2');
const presences = fc.constantFrom('online', 'unavailable', 'offline', 'busy' as const);
const ago = fc.constantFrom(0, 0, 0, 10, 20, 30, 500);

const activities: fc.Arbitrary<ActivityInput> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('device.connected' as const),
      deviceId: devices,
      sessionId: sessions,
      claim: fc.constantFrom('auto', 'online', 'unavailable', 'none' as const),
      leaseMs: fc.constantFrom(1, 10, 20, 50, 1000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('device.disconnected' as const),
      deviceId: devices,
      sessionId: sessions,
      agoMs: ago,
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('device.active' as const), deviceId: devices, agoMs: ago }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('device.active' as const), agoMs: ago }) },
);

const messages = fc.constantFrom(undefined, undefined, '', 'x', 'y');

const puts: fc.Arbitrary<CommandInput> = fc
  .record({ deviceId: devices, presence: presences, statusMsg: messages })
  .map(({ deviceId, presence, statusMsg }) =>
    statusMsg === undefined
      ? { type: 'presence.set', deviceId, presence }
      : { type: 'presence.set', deviceId, presence, statusMsg },
  );

const overrides: fc.Arbitrary<CommandInput> = fc
  .option(presences, { nil: undefined })
  .map((presence) =>
    presence === undefined ? { type: 'presence.override' } : { type: 'presence.override', presence },
  );

const forgets: fc.Arbitrary<CommandInput> = fc.constant({ type: 'user.forget' });

/** Steps of time: mostly multiples of ten, so that times tie and deadlines are hit exactly. */
const gaps = fc.constantFrom(0, 0, 1, 9, 10, 10, 20, 30, 50, 120);

type Drawn =
  | { readonly topic: 'activity'; readonly input: ActivityInput }
  | { readonly topic: 'commands'; readonly input: CommandInput };

function drawn(withForget: boolean): fc.Arbitrary<Drawn> {
  const commands = fc.oneof(
    { weight: 6, arbitrary: puts },
    { weight: 1, arbitrary: overrides },
    { weight: withForget ? 1 : 0, arbitrary: forgets },
  );
  return fc.oneof(
    { weight: 3, arbitrary: activities.map((input) => ({ topic: 'activity' as const, input })) },
    { weight: 2, arbitrary: commands.map((input) => ({ topic: 'commands' as const, input })) },
  );
}

/**
 * A timeline of up to 24 records whose topics run apart: each topic has a clock of its own, and either may lag.
 * @param withForget whether `user.forget` may occur (the one exception to law 1)
 */
export function timelines({ withForget }: { withForget: boolean }): fc.Arbitrary<Timeline> {
  const record = fc.record({ drawn: drawn(withForget), gapMs: gaps });
  return fc
    .record({ policy: policies, steps: fc.array(record, { minLength: 1, maxLength: 24 }), together: fc.boolean() })
    .map(({ policy, steps, together }) => {
      const reached = { activity: 0, commands: 0 };
      const offsets = { activity: 0, commands: 0 };
      const records = steps.map(({ drawn: { topic, input }, gapMs }): TimelineRecord => {
        reached[topic] = (together ? Math.max(reached.activity, reached.commands) : reached[topic]) + gapMs;
        const at = { tMs: reached[topic], offset: offsets[topic]++ };
        return { topic, input, ...at } as TimelineRecord;
      });
      return { policy, records };
    });
}
