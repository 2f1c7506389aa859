// An aggregate as plain data and back, for whoever stores registers. Invariant: `restore(snapshot(a))` behaves as `a`
// does, now and later; what is absent in the data is absent in the aggregate. Times are milliseconds since the epoch.
import { DeviceActivity, NEVER, type ActivityRegister, type Session } from './activity-register.js';
import { Aggregate } from './aggregate.js';
import { Put, type CommandRegister } from './command-register.js';
import { activeShown, rankShown } from './evaluate.js';
import { PRESENCE_BY_RANK, rankOf, type Presence } from './view.js';

export type SessionSnapshot = Readonly<Session>;

export interface DeviceSnapshot {
  readonly deviceId: string;
  readonly liveSinceMs?: number | undefined;
  readonly activeAtMs?: number | undefined;
  readonly withdrawnAtMs?: number | undefined;
  readonly sessions: readonly SessionSnapshot[];
}

export interface ActivitySnapshot {
  readonly offset: number;
  readonly firstAtMs?: number | undefined;
  readonly reachedMs?: number | undefined;
  readonly anyDeviceActiveAtMs?: number | undefined;
  readonly lastActiveAtMs?: number | undefined;
  readonly devices: readonly DeviceSnapshot[];
}

export interface PutSnapshot {
  readonly deviceId: string;
  readonly presence: Presence;
  readonly atMs: number;
  readonly activeAtMs?: number | undefined;
}

export interface CommandSnapshot {
  readonly offset: number;
  readonly firstAtMs?: number | undefined;
  readonly lastActiveAtMs?: number | undefined;
  readonly statusMsg?: string | undefined;
  readonly override?: Presence | undefined;
  readonly puts: readonly PutSnapshot[];
}

export interface AggregateSnapshot {
  readonly life: number;
  readonly version: number;
  /** What was last told. */
  readonly shown: { readonly presence: Presence; readonly currentlyActive: boolean; readonly statusMsg?: string | undefined };
  readonly frozenActiveAtMs?: number | undefined;
  readonly evaluatedAtMs?: number | undefined;
  readonly forgottenAtMs?: number | undefined;
  readonly activity: ActivitySnapshot;
  readonly commands: CommandSnapshot;
}

export function snapshot(aggregate: Aggregate): AggregateSnapshot {
  return {
    life: aggregate.life,
    version: aggregate.version,
    shown: {
      presence: PRESENCE_BY_RANK[rankShown(aggregate.shown)]!,
      currentlyActive: activeShown(aggregate.shown),
      statusMsg: aggregate.shownStatusMsg,
    },
    frozenActiveAtMs: known(aggregate.frozenActiveAtMs),
    evaluatedAtMs: known(aggregate.evaluatedAtMs),
    forgottenAtMs: known(aggregate.forgottenAtMs),
    activity: activitySnapshot(aggregate.activity),
    commands: commandSnapshot(aggregate.commands),
  };
}

/** The deadline is derived and policy's: whoever restores calls `rearm`. */
export function restore(stored: AggregateSnapshot): Aggregate {
  const aggregate = new Aggregate();
  aggregate.life = stored.life;
  aggregate.version = stored.version;
  aggregate.shown = (rankOf(stored.shown.presence) << 1) | (stored.shown.currentlyActive ? 1 : 0);
  aggregate.shownStatusMsg = stored.shown.statusMsg;
  aggregate.frozenActiveAtMs = stored.frozenActiveAtMs ?? Number.NaN;
  aggregate.evaluatedAtMs = stored.evaluatedAtMs ?? NEVER;
  aggregate.forgottenAtMs = stored.forgottenAtMs ?? NEVER;
  restoreActivity(aggregate.activity, stored.activity);
  restoreCommands(aggregate.commands, stored.commands);
  return aggregate;
}

function activitySnapshot(register: ActivityRegister): ActivitySnapshot {
  return {
    offset: register.appliedOffset,
    firstAtMs: known(register.firstAtMs),
    reachedMs: known(register.reachedMs),
    anyDeviceActiveAtMs: known(register.anyDeviceActiveAtMs),
    lastActiveAtMs: known(register.lastActiveAtMs),
    devices: register.devices.map((device) => ({
      deviceId: device.deviceId,
      liveSinceMs: known(device.liveSinceMs),
      activeAtMs: known(device.activeAtMs),
      withdrawnAtMs: known(device.withdrawnAtMs),
      sessions: device.sessions.map((session) => ({ ...session })),
    })),
  };
}

function commandSnapshot(register: CommandRegister): CommandSnapshot {
  return {
    offset: register.appliedOffset,
    firstAtMs: known(register.firstAtMs),
    lastActiveAtMs: known(register.lastActiveAtMs),
    statusMsg: register.statusMsg,
    override: register.override,
    puts: register.puts.map((put) => ({ ...put, activeAtMs: known(put.activeAtMs) })),
  };
}

function restoreActivity(register: ActivityRegister, stored: ActivitySnapshot): void {
  register.appliedOffset = stored.offset;
  register.firstAtMs = stored.firstAtMs ?? Number.NaN;
  register.reachedMs = stored.reachedMs ?? NEVER;
  register.anyDeviceActiveAtMs = stored.anyDeviceActiveAtMs ?? NEVER;
  register.lastActiveAtMs = stored.lastActiveAtMs ?? NEVER;
  register.devices = stored.devices.map((data) => {
    const device = new DeviceActivity(data.deviceId);
    device.liveSinceMs = data.liveSinceMs ?? NEVER;
    device.activeAtMs = data.activeAtMs ?? NEVER;
    device.withdrawnAtMs = data.withdrawnAtMs ?? NEVER;
    device.sessions = data.sessions.map((session) => ({ ...session }));
    return device;
  });
}

function restoreCommands(register: CommandRegister, stored: CommandSnapshot): void {
  register.appliedOffset = stored.offset;
  register.firstAtMs = stored.firstAtMs ?? Number.NaN;
  register.lastActiveAtMs = stored.lastActiveAtMs ?? NEVER;
  register.statusMsg = stored.statusMsg;
  register.override = stored.override;
  register.puts = stored.puts.map((data) => {
    const put = new Put(data.deviceId, data.presence, data.atMs);
    put.activeAtMs = data.activeAtMs ?? NEVER;
    return put;
  });
}

/** Finite, or absent. */
function known(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
