// A decoded record of `presence.activity`, whichever version it was stored in.
import { type UserId } from '#libs/matrix';
import { type ActivityInput } from '#libs/presence';

export interface ActivityRecord {
  readonly userId: UserId;
  readonly input: ActivityInput;
}

/** Absent stays absent; a negative one is cut to 0. */
export function agoOf(agoMs: number | null | undefined): { agoMs?: number } {
  return agoMs === null || agoMs === undefined ? {} : { agoMs: Math.max(0, agoMs) };
}
