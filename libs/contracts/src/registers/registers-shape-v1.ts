// The shape of `presence.registers`, version 1: what its decoder takes and its document says. Invariant: absent means none; it is
// private, since it holds what hidden users hide.
import { Type } from '@sinclair/typebox';

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

export const DeviceV1 = Type.Object({
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
  changed_ts: Type.Optional(Time),
  changed_active_ts: Type.Optional(Time),
  /** What the user's state holds besides; absent in registers written before it was added. */
  state: Type.Optional(Type.Object({ last_active_ts: Type.Optional(Time) })),
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
