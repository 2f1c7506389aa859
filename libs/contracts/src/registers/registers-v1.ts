// `presence.registers`, version 1: both registers of one user, private to the aggregator and `rollcall verify`, since
// it holds what hidden users hide. Invariant: absent means none; times are integer milliseconds ending in `_ts`.
import { type Static } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import type { AggregateSnapshot, DeviceSnapshot, PutSnapshot, SessionSnapshot } from '#libs/presence';
import { type DeviceV1, RegistersV1 } from './registers-shape-v1.js';

type RegistersV1 = Static<typeof RegistersV1>;

const check = TypeCompiler.Compile(RegistersV1);

/** What the last change of the user's life said besides what the registers hold anyway. */
export interface Told {
  /** When it was; absent = there was none, or it is not known. */
  readonly atMs?: number | undefined;
  /** Its `last_active_ts`. */
  readonly activeAtMs?: number | undefined;
}

/** One user's registers as they are stored: JSON text, undefined fields left out. */
export function encodeRegisters(
  userId: string,
  { life, shown, activity, commands, ...rest }: AggregateSnapshot,
  told: Told = {},
): string {
  return JSON.stringify({
    type: 'presence.registers',
    v: 1,
    user_id: userId,
    life: life === 0 ? undefined : life,
    version: rest.version,
    presence: shown.presence,
    currently_active: shown.currentlyActive,
    status_msg: shown.statusMsg,
    frozen_active_ts: rest.frozenActiveAtMs,
    evaluated_ts: rest.evaluatedAtMs,
    forgotten_ts: rest.forgottenAtMs,
    changed_ts: told.atMs,
    changed_active_ts: told.activeAtMs,
    activity: {
      offset: activity.offset,
      first_ts: activity.firstAtMs,
      reached_ts: activity.reachedMs,
      any_device_active_ts: activity.anyDeviceActiveAtMs,
      last_active_ts: activity.lastActiveAtMs,
      devices: activity.devices.map(storedDevice),
    },
    commands: {
      offset: commands.offset,
      first_ts: commands.firstAtMs,
      last_active_ts: commands.lastActiveAtMs,
      status_msg: commands.statusMsg,
      override: commands.override,
      puts: commands.puts.map(storedPut),
    },
  });
}

/** Reads stored registers; throws when they are none: nobody but the aggregator writes them, so that is a bug. */
export function decodeRegisters(text: string): {
  readonly userId: string;
  readonly snapshot: AggregateSnapshot;
  readonly told: Told;
} {
  const stored: unknown = JSON.parse(text);
  if (!check.Check(stored)) throw new Error(`not registers of version 1: ${check.Errors(stored).First()?.path ?? ''}`);
  return {
    userId: stored.user_id,
    snapshot: snapshotOf(stored),
    told: { atMs: stored.changed_ts, activeAtMs: stored.changed_active_ts },
  };
}

function snapshotOf({ activity, commands, ...stored }: RegistersV1): AggregateSnapshot {
  return {
    life: stored.life ?? 0,
    version: stored.version,
    shown: { presence: stored.presence, currentlyActive: stored.currently_active, statusMsg: stored.status_msg },
    frozenActiveAtMs: stored.frozen_active_ts,
    evaluatedAtMs: stored.evaluated_ts,
    forgottenAtMs: stored.forgotten_ts,
    activity: {
      offset: activity.offset,
      firstAtMs: activity.first_ts,
      reachedMs: activity.reached_ts,
      anyDeviceActiveAtMs: activity.any_device_active_ts,
      lastActiveAtMs: activity.last_active_ts,
      devices: activity.devices.map(deviceOf),
    },
    commands: {
      offset: commands.offset,
      firstAtMs: commands.first_ts,
      lastActiveAtMs: commands.last_active_ts,
      statusMsg: commands.status_msg,
      override: commands.override,
      puts: commands.puts.map((put) => ({
        deviceId: put.device_id,
        presence: put.presence,
        atMs: put.at_ts,
        activeAtMs: put.active_ts,
      })),
    },
  };
}

function storedDevice(device: DeviceSnapshot): object {
  return {
    device_id: device.deviceId,
    live_since_ts: device.liveSinceMs,
    active_ts: device.activeAtMs,
    withdrawn_ts: device.withdrawnAtMs,
    sessions: device.sessions.map(storedSession),
  };
}

function storedSession(session: SessionSnapshot): object {
  return {
    session_id: session.sessionId,
    claim: session.claim,
    claim_ts: session.claimAtMs,
    connected_ts: session.connectedAtMs,
    live_until_ts: session.liveUntilMs,
    open: session.open,
  };
}

function storedPut(put: PutSnapshot): object {
  return { device_id: put.deviceId, presence: put.presence, at_ts: put.atMs, active_ts: put.activeAtMs };
}

function deviceOf(stored: Static<typeof DeviceV1>): DeviceSnapshot {
  return {
    deviceId: stored.device_id,
    liveSinceMs: stored.live_since_ts,
    activeAtMs: stored.active_ts,
    withdrawnAtMs: stored.withdrawn_ts,
    sessions: stored.sessions.map((session) => ({
      sessionId: session.session_id,
      claim: session.claim,
      claimAtMs: session.claim_ts,
      connectedAtMs: session.connected_ts,
      liveUntilMs: session.live_until_ts,
      open: session.open,
    })),
  };
}
