// The mix of inputs by which the fold is measured: 90 % activity, 8 % connects, 2 % commands, spread over many users
// (design.md section 12). Invariant: the same seed and counts give the same inputs.
import type { ActivityInput, CommandInput } from '#libs/presence';
import type { Draw } from './seeded.js';

export type MixedInput =
  | { readonly topic: 'activity'; readonly user: number; readonly input: ActivityInput }
  | { readonly topic: 'commands'; readonly user: number; readonly input: CommandInput };

const SHARE_ACTIVE = 0.9;
const SHARE_CONNECTED = 0.08;
const LEASE_MS = 300_000;
const STATES = ['online', 'unavailable', 'busy', 'online'] as const;

export function mixedInput(draw: Draw, users: number): MixedInput {
  const user = Math.floor(draw() * users);
  const share = draw();
  if (share < SHARE_ACTIVE) return { topic: 'activity', user, input: { type: 'device.active', deviceId: 'PHONE' } };
  if (share < SHARE_ACTIVE + SHARE_CONNECTED) {
    const input = {
      type: 'device.connected',
      deviceId: 'PHONE',
      sessionId: 'gateway-1',
      claim: 'auto',
      leaseMs: LEASE_MS,
    } as const;
    return { topic: 'activity', user, input };
  }
  const presence = STATES[Math.floor(draw() * STATES.length)]!;
  return {
    topic: 'commands',
    user,
    input: { type: 'presence.set', deviceId: 'PHONE', presence, statusMsg: 'at work' },
  };
}

export function userIdOf(user: number): string {
  return `@user${user}:bench.example`;
}
