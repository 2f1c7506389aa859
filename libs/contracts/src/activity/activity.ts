// `presence.activity`: what devices do, keyed by user. Invariant: every decoder of this topic, the quick one included,
// gives the same answer to the same text.
import { type Decoded } from '../format/decoded.js';
import { keyFault } from '../format/keys.js';
import { type LineDefaults, decodeText, recordFamily } from '../format/record-family.js';
import { type ActivityRecord } from './activity-record.js';
import { deviceActiveV1 } from './device-active-v1.js';
import { deviceConnectedV1 } from './device-connected-v1.js';
import { deviceDisconnectedV1 } from './device-disconnected-v1.js';
import { quickActive } from './quick-active.js';

export const ACTIVITY = recordFamily<ActivityRecord>({
  'device.connected': [deviceConnectedV1],
  'device.disconnected': [deviceDisconnectedV1],
  'device.active': [deviceActiveV1],
});

/** A record as it is in the topic; `keyText` null = it has no key. */
export function decodeActivity(text: string | null, keyText: string | null): Decoded<ActivityRecord> {
  if (text !== null && keyText !== null) {
    const record = quickActive(text, keyText);
    if (record !== undefined) return { ok: true, record };
  }
  return decodeActivityWhole(text, keyText);
}

/** The same by the schema alone: what the quick form is held against. */
export function decodeActivityWhole(text: string | null, keyText: string | null): Decoded<ActivityRecord> {
  const result = decodeText(ACTIVITY, text);
  if (!result.ok) return result;
  return keyFault(keyText, result.record.userId, 'user_id') ?? result;
}

/** A line of a door: `v` may be absent, and the key is computed. */
export function decodeActivityLine(text: string, defaults: LineDefaults): Decoded<ActivityRecord> {
  return decodeText(ACTIVITY, text, defaults);
}

export function encodeActivity({
  userId,
  input,
}: {
  readonly userId: string;
  readonly input: ActivityRecord['input'];
}): string {
  switch (input.type) {
    case 'device.connected':
      return JSON.stringify({
        type: input.type,
        v: 1,
        user_id: userId,
        device_id: input.deviceId,
        session_id: input.sessionId,
        claim: input.claim,
        lease_ms: input.leaseMs,
      });
    case 'device.disconnected':
      return JSON.stringify({
        type: input.type,
        v: 1,
        user_id: userId,
        device_id: input.deviceId,
        session_id: input.sessionId,
        ago_ms: input.agoMs,
      });
    case 'device.active':
      return JSON.stringify({
        type: input.type,
        v: 1,
        user_id: userId,
        device_id: input.deviceId,
        ago_ms: input.agoMs,
      });
  }
}
