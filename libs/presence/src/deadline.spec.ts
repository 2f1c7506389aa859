// Which timer a change is told to be made by, where several meet in one instant (design.md section 4).
import type { ActivityInput, Claim, CommandInput } from './inputs.js';
import { Aggregate } from './aggregate.js';
import type { Change } from './change.js';
import type { Policy } from './policy.js';
import { fireDeadlines, takeActivity, takeCommand } from './take.js';

const POLICY: Policy = {
  idleAfterMs: 30,
  activeForMs: 20,
  offlineAfterMs: 30,
  busyOfflineAfterMs: 30,
  maxLeaseMs: 1_000,
};

/** The last change, when everything given befalls the user at 0 and nothing after. */
function lastOf(...given: readonly (ActivityInput | CommandInput)[]): Change | undefined {
  const aggregate = new Aggregate();
  const changes: Change[] = [];
  const folding = { policy: POLICY, sink: (change: Change): void => void changes.push(change) };
  for (const [offset, input] of given.entries()) {
    const at = { tMs: 0, offset };
    if (input.type.startsWith('device.')) takeActivity(aggregate, input as ActivityInput, at, folding);
    else takeCommand(aggregate, input as CommandInput, at, folding);
  }
  fireDeadlines(aggregate, 30, folding);
  return changes.at(-1);
}

function session(sessionId: string, claim: Claim, leaseMs: number): ActivityInput {
  return { type: 'device.connected', deviceId: 'A', sessionId, claim, leaseMs };
}

const ONLINE: CommandInput = { type: 'presence.set', deviceId: 'A', presence: 'online' };

describe('of timers that meet in one instant', () => {
  it('idleness is told, not the span of a PUT that stands on under its session', () => {
    const last = lastOf(session('1', 'auto', 1_000), ONLINE);
    expect(last).toMatchObject({ atMs: 30, timer: 'idle', view: { presence: 'unavailable' } });
  });

  it('idleness is told, not the lease of a session that claimed nothing', () => {
    const last = lastOf(session('1', 'auto', 1_000), session('2', 'none', 30));
    expect(last).toMatchObject({ atMs: 30, timer: 'idle', view: { presence: 'unavailable' } });
  });

  it('the end of the lease is told, not idleness that nobody sees any more', () => {
    expect(lastOf(session('1', 'auto', 30))).toMatchObject({ atMs: 30, timer: 'lease', view: { presence: 'offline' } });
  });

  it('the heavier is told of two that take the user away only together', () => {
    const last = lastOf(session('1', 'auto', 30), ONLINE);
    expect(last).toMatchObject({ atMs: 30, timer: 'lease', view: { presence: 'offline' } });
  });

  it('a presence that goes is told by what took it, not by activity that went with it', () => {
    expect(lastOf(session('1', 'auto', 20))).toMatchObject({ atMs: 20, timer: 'lease', view: { presence: 'offline' } });
  });
});
