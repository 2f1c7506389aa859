// What began a state, in words. Invariant: an input is named by its topic and offset, so that `rollcall log read` finds it.
import type { Cause } from '#libs/contracts';
import type { Timer } from '#libs/presence';

const TIMERS: Readonly<Record<Timer, string>> = {
  idle: 'idle for too long',
  active: 'no activity for a while',
  lease: 'the session’s lease ran out',
  grace: 'the session had ended',
  put: 'the status was not renewed',
};

export function causeText(cause: Cause | undefined): string {
  if (cause === undefined) return '(before)';
  return 'timer' in cause ? TIMERS[cause.timer] : `${cause.topic} ${cause.offset}`;
}
