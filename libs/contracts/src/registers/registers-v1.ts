// `presence.registers`, version 1: both registers of one user, private to the aggregator and `rollcall verify`, since
// it holds what hidden users hide. Invariant: absent means none; times are integer milliseconds ending in `_ts`.
import { type Static } from '@sinclair/typebox';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import type {
  ActivitySnapshot,
  AggregateSnapshot,
  CommandSnapshot,
  DeviceSnapshot,
  PutSnapshot,
  SessionSnapshot,
} from '#libs/presence';
import { numberField, textField, textJson } from '../format/json-text.js';
import { type DeviceV1, RegistersV1 } from './registers-shape-v1.js';

type RegistersV1 = Static<typeof RegistersV1>;

const check = TypeCompiler.Compile(RegistersV1);

/** What the last change of the user's life said besides what the registers hold anyway. */
export interface Told {
  /** When it was; absent = there was none, or it is not known. */
  readonly atMs?: number | undefined;
  /** Its `last_active_ts`. */
  readonly activeAtMs?: number | undefined;
  /** What the user's state holds, its `last_active_ts`; absent = it is not known, and the state must be asked. */
  readonly state?: { readonly activeAtMs?: number | undefined } | undefined;
}

/** One user's registers as they are stored: JSON text, undefined fields left out. Hot: nothing is copied on the way. */
export function encodeRegisters(userId: string, stored: AggregateSnapshot, told: Told = {}): string {
  const { life, version, shown } = stored;
  const stamp = `"v":1,"user_id":${textJson(userId)}${numberField('life', life === 0 ? undefined : life)},"version":${version}`;
  const view = `"presence":"${shown.presence}","currently_active":${shown.currentlyActive}${textField('status_msg', shown.statusMsg)}`;
  const times =
    numberField('frozen_active_ts', stored.frozenActiveAtMs) +
    numberField('evaluated_ts', stored.evaluatedAtMs) +
    numberField('forgotten_ts', stored.forgottenAtMs) +
    numberField('changed_ts', told.atMs) +
    numberField('changed_active_ts', told.activeAtMs) +
    stateJson(told.state);
  return `{"type":"presence.registers",${stamp},${view}${times},"activity":${activityJson(stored.activity)},"commands":${commandsJson(stored.commands)}}`;
}

function stateJson(state: Told['state']): string {
  if (state === undefined) return '';
  return state.activeAtMs === undefined ? ',"state":{}' : `,"state":{"last_active_ts":${state.activeAtMs}}`;
}

function activityJson(activity: ActivitySnapshot): string {
  const fields =
    numberField('first_ts', activity.firstAtMs) +
    numberField('reached_ts', activity.reachedMs) +
    numberField('any_device_active_ts', activity.anyDeviceActiveAtMs) +
    numberField('last_active_ts', activity.lastActiveAtMs);
  return `{"offset":${activity.offset}${fields},"devices":${listJson(activity.devices, deviceJson)}}`;
}

function commandsJson(commands: CommandSnapshot): string {
  const fields =
    numberField('first_ts', commands.firstAtMs) +
    numberField('last_active_ts', commands.lastActiveAtMs) +
    textField('status_msg', commands.statusMsg) +
    textField('override', commands.override);
  return `{"offset":${commands.offset}${fields},"puts":${listJson(commands.puts, putJson)}}`;
}

function deviceJson({ deviceId, liveSinceMs, activeAtMs, withdrawnAtMs, sessions }: DeviceSnapshot): string {
  const times =
    numberField('live_since_ts', liveSinceMs) +
    numberField('active_ts', activeAtMs) +
    numberField('withdrawn_ts', withdrawnAtMs);
  return `{"device_id":${textJson(deviceId)}${times},"sessions":${listJson(sessions, sessionJson)}}`;
}

function sessionJson({ sessionId, claim, claimAtMs, connectedAtMs, liveUntilMs, open }: SessionSnapshot): string {
  const times = `"claim_ts":${claimAtMs},"connected_ts":${connectedAtMs},"live_until_ts":${liveUntilMs}`;
  return `{"session_id":${textJson(sessionId)},"claim":"${claim}",${times},"open":${open}}`;
}

function putJson({ deviceId, presence, atMs, activeAtMs }: PutSnapshot): string {
  return `{"device_id":${textJson(deviceId)},"presence":"${presence}","at_ts":${atMs}${numberField('active_ts', activeAtMs)}}`;
}

/** Mostly of none or one. */
function listJson<T>(items: readonly T[], json: (item: T) => string): string {
  const [first] = items;
  if (first === undefined) return '[]';
  return items.length === 1 ? `[${json(first)}]` : `[${items.map(json).join(',')}]`;
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
    told: {
      atMs: stored.changed_ts,
      activeAtMs: stored.changed_active_ts,
      ...(stored.state !== undefined && { state: { activeAtMs: stored.state.last_active_ts } }),
    },
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
