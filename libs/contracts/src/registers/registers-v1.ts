// `presence.registers`, version 1: both registers of one user, private to the aggregator and `rollcall verify`, since
// it holds what hidden users hide. Invariant: absent means none; times are integer milliseconds ending in `_ts`.
import { Type, type Static } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import type { AggregateSnapshot, DeviceSnapshot, PutSnapshot, SessionSnapshot } from '#libs/presence';

const Time = Type.Number();
const PresenceWord = Type.Union([
  Type.Literal('online'),
  Type.Literal('unavailable'),
  Type.Literal('offline'),
  Type.Literal('busy'),
]);
const ClaimWord = Type.Union([
  Type.Literal('auto'),
  Type.Literal('online'),
  Type.Literal('unavailable'),
  Type.Literal('none'),
]);

const SessionV1 = Type.Object({
  session_id: Type.String(),
  claim: ClaimWord,
  claim_ts: Time,
  connected_ts: Time,
  live_until_ts: Time,
  open: Type.Boolean(),
});

const DeviceV1 = Type.Object({
  device_id: Type.String(),
  live_since_ts: Type.Optional(Time),
  active_ts: Type.Optional(Time),
  withdrawn_ts: Type.Optional(Time),
  sessions: Type.Array(SessionV1),
});

const PutV1 = Type.Object({
  device_id: Type.String(),
  presence: PresenceWord,
  at_ts: Time,
  active_ts: Type.Optional(Time),
});

export const RegistersV1 = Type.Object({
  type: Type.Literal('presence.registers'),
  v: Type.Literal(1),
  user_id: Type.String(),
  life: Type.Optional(Type.Integer()),
  version: Type.Integer(),
  presence: PresenceWord,
  currently_active: Type.Boolean(),
  status_msg: Type.Optional(Type.String()),
  frozen_active_ts: Type.Optional(Time),
  evaluated_ts: Type.Optional(Time),
  forgotten_ts: Type.Optional(Time),
  activity: Type.Object({
    offset: Type.Integer(),
    first_ts: Type.Optional(Time),
    reached_ts: Type.Optional(Time),
    any_device_active_ts: Type.Optional(Time),
    last_active_ts: Type.Optional(Time),
    devices: Type.Array(DeviceV1),
  }),
  commands: Type.Object({
    offset: Type.Integer(),
    first_ts: Type.Optional(Time),
    last_active_ts: Type.Optional(Time),
    status_msg: Type.Optional(Type.String()),
    override: Type.Optional(PresenceWord),
    puts: Type.Array(PutV1),
  }),
});

type RegistersV1 = Static<typeof RegistersV1>;

const check = TypeCompiler.Compile(RegistersV1);

/** One user's registers as they are stored: JSON text, undefined fields left out. */
export function encodeRegisters(
  userId: string,
  { life, shown, activity, commands, ...rest }: AggregateSnapshot,
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
export function decodeRegisters(text: string): { readonly userId: string; readonly snapshot: AggregateSnapshot } {
  const stored: unknown = JSON.parse(text);
  if (!check.Check(stored)) throw new Error(`not registers of version 1: ${check.Errors(stored).First()?.path ?? ''}`);
  return { userId: stored.user_id, snapshot: snapshotOf(stored) };
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
