// `presence.rejected`: the original key and bytes of a record that nobody could read; the headers say where it stood and
// why. Invariant: key and value are never changed, only cut where they would not fit (a header says from how many bytes).
import { type Decoded, decoded, undecodable } from '../format/decoded.js';

export interface Rejected {
  readonly reason: string;
  /** With its prefix. */
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export function decodeRejection(headers: Readonly<Record<string, string>> | undefined): Decoded<Rejected> {
  const { reason, topic, partition, offset } = headers ?? {};
  if (reason === undefined || topic === undefined) return undecodable('the headers reason and topic are missing');
  if (!/^\d{1,15}$/.test(partition ?? '') || !/^\d{1,15}$/.test(offset ?? ''))
    return undecodable('the headers partition and offset must be numbers');
  return decoded({ reason, topic, partition: Number(partition), offset: Number(offset) });
}
