// Vectors of positions: of a topic, the next offset per partition, as JSON in the headers of frames and in the metadata
// of the fan-out's commits. Invariant: a partition that is not in a vector stands at 0.
import { isJsonObject } from '#libs/matrix';
import { type Decoded, decoded, undecodable } from '../format/decoded.js';
import { quoted, shown } from '../format/explain.js';

/** Next offset by partition. */
export type Vector = ReadonlyMap<number, number>;

/** More partitions than any cluster has: a bound for whoever makes arrays of it. */
const MAX_PARTITIONS = 100_000;

export function vectorOf(positions: readonly number[]): Vector {
  return new Map(positions.entries());
}

/** One number a partition, as the log's positions are. */
export function positionsOf(vector: Vector): number[] {
  const positions: number[] = new Array<number>(Math.max(-1, ...vector.keys()) + 1).fill(0);
  for (const [partition, offset] of vector) positions[partition] = offset;
  return positions;
}

export function encodeVector(vector: Vector | readonly number[]): string {
  return JSON.stringify(writtenVector(vector));
}

export function writtenVector(vector: Vector | readonly number[]): Record<string, number> {
  const written: Record<string, number> = {};
  for (const [partition, offset] of vector.entries()) written[String(partition)] = offset;
  return written;
}

export function decodeVector(text: string | undefined): Decoded<Vector> {
  if (text === undefined) return undecodable('the vector is missing');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undecodable('the vector is not JSON');
  }
  return vectorFrom(value);
}

/** A vector inside other JSON. */
export function vectorFrom(value: unknown): Decoded<Vector> {
  if (!isJsonObject(value)) return undecodable(`a vector must be a JSON object, not ${shown(value)}`);
  const vector = new Map<number, number>();
  for (const [name, offset] of Object.entries(value)) {
    const partition = Number(name);
    if (!/^(?:0|[1-9]\d{0,5})$/.test(name) || partition >= MAX_PARTITIONS)
      return undecodable(`${quoted(name)} is no partition`);
    if (!Number.isSafeInteger(offset) || (offset as number) < 0)
      return undecodable(`the position of partition ${name} must be an offset, not ${shown(offset)}`);
    vector.set(partition, offset as number);
  }
  return decoded(vector);
}

/** Of which positions a frame was made. */
export interface FrameVectors {
  readonly memberships: Vector;
  readonly rooms: Vector;
  readonly changes: Vector;
}

export function frameHeaders(vectors: { readonly [Name in keyof FrameVectors]: Vector | readonly number[] }): Record<
  keyof FrameVectors,
  string
> {
  return {
    memberships: encodeVector(vectors.memberships),
    rooms: encodeVector(vectors.rooms),
    changes: encodeVector(vectors.changes),
  };
}

export function decodeFrameHeaders(headers: Readonly<Record<string, string>> | undefined): Decoded<FrameVectors> {
  const memberships = decodeVector(headers?.['memberships']);
  if (!memberships.ok) return undecodable(`header memberships: ${memberships.reason}`);
  const rooms = decodeVector(headers?.['rooms']);
  if (!rooms.ok) return undecodable(`header rooms: ${rooms.reason}`);
  const changes = decodeVector(headers?.['changes']);
  if (!changes.ok) return undecodable(`header changes: ${changes.reason}`);
  return decoded({ memberships: memberships.record, rooms: rooms.record, changes: changes.record });
}
