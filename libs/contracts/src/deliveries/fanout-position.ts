// The metadata that a fan-out task commits beside its changes offset: up to where in memberships and rooms the effects
// of its senders were sent. Invariant: metadata that is not ours decodes to a reason, and then the offset counts as none.
import { isJsonObject } from '#libs/matrix';
import { type Decoded, decoded, undecodable } from '../format/decoded.js';
import { type Vector, vectorFrom, writtenVector } from './vector.js';

export interface FanoutPosition {
  readonly memberships: Vector;
  readonly rooms: Vector;
}

export function encodeFanoutPosition(position: {
  readonly [Name in keyof FanoutPosition]: Vector | readonly number[];
}): string {
  return JSON.stringify({
    type: 'fanout.position',
    v: 1,
    memberships: writtenVector(position.memberships),
    rooms: writtenVector(position.rooms),
  });
}

export function decodeFanoutPosition(metadata: string | undefined): Decoded<FanoutPosition> {
  let value: unknown;
  try {
    value = JSON.parse(metadata ?? '');
  } catch {
    return undecodable('the metadata is not ours: no JSON');
  }
  if (!isJsonObject(value) || value['type'] !== 'fanout.position' || value['v'] !== 1) {
    return undecodable('the metadata is not ours: no fanout.position of version 1');
  }
  const memberships = vectorFrom(value['memberships']);
  if (!memberships.ok) return memberships;
  const rooms = vectorFrom(value['rooms']);
  if (!rooms.ok) return rooms;
  return decoded({ memberships: memberships.record, rooms: rooms.record });
}
