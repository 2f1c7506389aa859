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

const NO_PUTS: readonly Put[] = Object.freeze([]);
/** Numbers that a register keeps in its user's row. */
export const COMMAND_NUMBERS = 3;

export class CommandRegister {
  puts: readonly Put[] = NO_PUTS;
  statusMsg: string | undefined = undefined;
  override: Presence | undefined = undefined;
  readonly #numbers: Float64Array;
  readonly #at: number;

  /** In `numbers` it owns COMMAND_NUMBERS from `at` on. */
  constructor(numbers: Float64Array, at: number) {
    this.#numbers = numbers;
    this.#at = at;
    this.clear();
  }

  /** As if nothing had ever been applied. */
  clear(): void {
    this.puts = NO_PUTS;
    this.statusMsg = undefined;
    this.override = undefined;
    this.lastActiveAtMs = NEVER;
    this.firstAtMs = Number.NaN;
    this.appliedOffset = -1;
  }

  /** The latest PUT `online` or `busy` of any device. */
  get lastActiveAtMs(): number {
    return this.#numbers[this.#at]!;
  }

  set lastActiveAtMs(atMs: number) {
    this.#numbers[this.#at] = atMs;
  }

  /** The first record of this life; NaN = none yet. */
  get firstAtMs(): number {
    return this.#numbers[this.#at + 1]!;
  }

  set firstAtMs(atMs: number) {
    this.#numbers[this.#at + 1] = atMs;
  }

  get appliedOffset(): number {
    return this.#numbers[this.#at + 2]!;
  }

  set appliedOffset(offset: number) {
    this.#numbers[this.#at + 2] = offset;
  }
}

/** Applies one record at its settled time; an offset that was applied already must not come here. */
export function applyCommand(
  register: CommandRegister,
  input: PresenceSet | PresenceOverride,
  at: InputPosition,
): void {
  register.appliedOffset = at.offset;
  if (Number.isNaN(register.firstAtMs)) register.firstAtMs = at.tMs;
  if (input.type === 'presence.set') applyPut(register, input, at.tMs);
  else register.override = input.presence;
}

export function findPut(register: CommandRegister, deviceId: string): Put | undefined {
  const { puts } = register;
  for (let index = 0; index < puts.length; index++) if (puts[index]!.deviceId === deviceId) return puts[index];
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
