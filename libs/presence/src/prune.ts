// Dropping from the registers what can no longer matter. Invariant: it changes nothing that is visible, now or later
// (semantics.md section 4, law 5), so that whoever stores registers may call it whenever it likes.
import { NEVER, findDevice, hasLiveSession, type DeviceActivity } from './activity-register.js';
import type { Aggregate } from './aggregate.js';
import { spanMs, type Put } from './command-register.js';
import type { Policy } from './policy.js';

/**
 * Drops sessions that are over, devices without any, and PUTs that fell.
 * @param horizonMs milliseconds; no record of either topic with an earlier time will be taken any more. Absent: only
 *   what the user's own records prove.
 */
export function prune(aggregate: Aggregate, policy: Policy, horizonMs = NEVER): void {
  const { activity, commands } = aggregate;
  // No later evaluation, and no later record of the activity topic, is earlier than this. A deadline before the
  // horizon that has not been applied yet still needs what it ends.
  const boundMs = Math.max(activity.reachedMs, horizonMs < aggregate.deadlineMs ? horizonMs : NEVER);
  const isOver = (put: Put): boolean => fell(put, findDevice(activity, put.deviceId), boundMs, policy);
  if (commands.puts.some(isOver)) commands.puts = commands.puts.filter((put) => !isOver(put));
  for (const device of activity.devices) {
    if (device.sessions.some((session) => session.liveUntilMs <= boundMs)) {
      device.sessions = device.sessions.filter((session) => session.liveUntilMs > boundMs);
    }
  }
  if (activity.devices.some((device) => spent(device, boundMs, policy))) {
    activity.devices = activity.devices.filter((device) => !spent(device, boundMs, policy));
  }
}

function fell(put: Put, device: DeviceActivity | undefined, boundMs: number, policy: Policy): boolean {
  const spanEndMs = put.atMs + spanMs(put, policy);
  if (spanEndMs > boundMs) return false;
  return device === undefined || device.liveSinceMs >= spanEndMs || !hasLiveSession(device, boundMs);
}

/** Its withdrawal could only touch PUTs that have fallen, its activity could only lift claims that have gone idle. */
function spent(device: DeviceActivity, boundMs: number, policy: Policy): boolean {
  return (
    !hasLiveSession(device, boundMs) &&
    device.withdrawnAtMs + policy.offlineAfterMs <= boundMs &&
    device.activeAtMs + policy.idleAfterMs <= boundMs
  );
}
