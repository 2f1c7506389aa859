// Workloads: one seed is one load, and each does what its name says.
import { connected, LOAD_NAMES, workloadOf } from './workloads.js';

const OPTIONS = { users: 1_000, seed: 7, seconds: 4 };

describe('a workload', () => {
  it.each(LOAD_NAMES)('%s is the same with the same seed', (name) => {
    const leaseless = (of: ReturnType<typeof workloadOf>): string =>
      JSON.stringify(Array.from({ length: of.ticks }, (_, tick) => of.tick(tick))).replace(/"leaseMs":\d+/g, '');
    expect(leaseless(workloadOf(name, OPTIONS))).toBe(leaseless(workloadOf(name, OPTIONS)));
  });

  it('brings everybody once in a login storm', () => {
    const storm = workloadOf('login-storm', OPTIONS);
    const users = Array.from({ length: storm.ticks }, (_, tick) => storm.tick(tick)).flat();
    expect(users.map(({ user }) => user)).toEqual(Array.from({ length: OPTIONS.users }, (_, user) => user));
  });

  it('renews every session once before a gateway is lost, each lease to end after the last renewal', () => {
    const loss = workloadOf('gateway-loss', OPTIONS);
    const doings = Array.from({ length: loss.ticks }, (_, tick) => loss.tick(tick)).flat();
    expect(new Set(doings.map(({ user }) => user)).size).toBe(OPTIONS.users);
    for (const { input } of doings) {
      if (input.type !== 'device.connected') throw new Error(`${input.type} is no renewal`);
      expect(input.leaseMs).toBeGreaterThan(0);
      expect(input.leaseMs).toBeLessThanOrEqual(loss.ticks * 100 + loss.thenMs);
    }
  });

  it('flaps with a tenth of everybody: half disconnect and come back, half claim this and that', () => {
    const flapping = workloadOf('flapping', OPTIONS);
    const doings = Array.from({ length: flapping.ticks }, (_, tick) => flapping.tick(tick)).flat();
    expect(new Set(doings.map(({ user }) => user)).size).toBe(OPTIONS.users / 10);
    const away = doings.filter(({ input }) => JSON.stringify(input) !== JSON.stringify(connected(0).input));
    expect(new Set(away.map(({ input }) => input.type))).toEqual(new Set(['device.disconnected', 'device.connected']));
  });

  it('is steady at a renewal each two minutes and an activity each half a minute of a third', () => {
    const steady = workloadOf('steady', { ...OPTIONS, users: 12_000 });
    const doings = Array.from({ length: steady.ticks }, (_, tick) => steady.tick(tick)).flat();
    const count = (type: string): number => doings.filter(({ input }) => input.type === type).length;
    expect([count('device.connected'), count('device.active')]).toEqual([400, 480]);
  });
});
