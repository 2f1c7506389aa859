// The register that is folded from `presence.commands` alone: the last PUT of every device, the status message and
// the override. Invariant: it depends only on the records of that topic in their order (semantics.md section 4).
import { NEVER } from './activity-register.js';
import type { InputPosition, PresenceOverride, PresenceSet } from './inputs.js';
import type { Policy } from './policy.js';
import type { Presence } from './view.js';

/** The last PUT of one device. */
export class Put {
  /** The device's latest PUT that was a pro-active event (`online` or `busy`). */
  activeAtMs = NEVER;

  constructor(
    readonly deviceId: string,
    public presence: Presence,
    public atMs: number,
  ) {}
}

export class CommandRegister {
  puts: Put[] = [];
  statusMsg: string | undefined = undefined;
  override: Presence | undefined = undefined;
  /** The latest PUT `online` or `busy` of any device. */
  lastActiveAtMs = NEVER;
  /** The first record of this life; NaN = none yet. */
  firstAtMs = Number.NaN;
  appliedOffset = -1;
}

/** Applies one record at its settled time; an offset that was applied already must not come here. */
export function applyCommand(register: CommandRegister, input: PresenceSet | PresenceOverride, at: InputPosition): void {
  register.appliedOffset = at.offset;
  if (Number.isNaN(register.firstAtMs)) register.firstAtMs = at.tMs;
  if (input.type === 'presence.set') applyPut(register, input, at.tMs);
  else register.override = input.presence;
}

export function findPut(register: CommandRegister, deviceId: string): Put | undefined {
  for (const put of register.puts) if (put.deviceId === deviceId) return put;
  return undefined;
}

/** How long a PUT keeps its device alive by itself, milliseconds from its time on. */
export function spanMs(put: Put, policy: Policy): number {
  return put.presence === 'busy' ? policy.busyOfflineAfterMs : policy.offlineAfterMs;
}

function applyPut(register: CommandRegister, input: PresenceSet, tMs: number): void {
  let put = findPut(register, input.deviceId);
  if (put === undefined) {
    put = new Put(input.deviceId, input.presence, tMs);
    register.puts = register.puts.concat(put);
  } else {
    put.presence = input.presence;
    put.atMs = tMs;
  }
  register.statusMsg = input.statusMsg === '' ? undefined : input.statusMsg;
  if (input.presence === 'online' || input.presence === 'busy') {
    put.activeAtMs = tMs;
    register.lastActiveAtMs = tMs;
  }
}
