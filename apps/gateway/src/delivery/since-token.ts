// The `since` tokens of /sync and the stream: opaque to clients, compact, and understood by every gateway on the same topics.
// `r1_<partition>_<position>_<time>_<identity>_<own>[_<snapshot>]`, numbers in base 36. Invariant: reading what was written
// gives it back; anything else is `malformed`, or `foreign` when it is ours of another version.
import { hash } from 'node:crypto';
import type { Position, Stamp } from './position.js';

export interface SinceToken {
  readonly partition: number;
  readonly position: Position;
  /** When the log had reached the position, at the latest; milliseconds. */
  readonly timeMs: number;
  /** Of the deliveries topic and the recipient: positions of another topic or person say nothing. */
  readonly identity: string;
  /** The recipient's own state last told. */
  readonly own: Stamp;
  /** The snapshot that it began with, for as long as that is young. */
  readonly snapshot?: SnapshotMark;
}

export interface SnapshotMark {
  /** When it was made; whole seconds survive. */
  readonly atMs: number;
  /** Names what the gateway that made it remembers of it; means nothing to others. */
  readonly name: string;
}

export type SinceTokenRead =
  | { readonly kind: 'token'; readonly token: SinceToken }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'malformed' };

const N = '([0-9a-z]{1,11})';
const FORM = new RegExp(`^r1_${N}_${N}(?:\\.${N})?_${N}_([A-Za-z0-9-]{8})_${N}\\.${N}(?:_${N}\\.${N})?$`);
const SECOND_MS = 1_000;
const OTHER_VERSION = /^r[0-9]{1,6}_[A-Za-z0-9._-]{1,500}$/;

export function writeSinceToken(token: SinceToken): string {
  const { position, own } = token;
  const entry = position.entry === 0 ? '' : `.${position.entry.toString(36)}`;
  const mark = token.snapshot;
  const snapshot = mark === undefined ? '' : `_${Math.floor(mark.atMs / SECOND_MS).toString(36)}.${mark.name}`;
  return `r1_${token.partition.toString(36)}_${position.offset.toString(36)}${entry}_${token.timeMs.toString(36)}_${token.identity}_${own.life.toString(36)}.${own.version.toString(36)}${snapshot}`;
}

export function readSinceToken(text: string): SinceTokenRead {
  if (text.length > 512) return { kind: 'malformed' };
  const parts = FORM.exec(text);
  if (parts === null)
    return OTHER_VERSION.test(text) && !text.startsWith('r1_') ? { kind: 'foreign' } : { kind: 'malformed' };
  const [, partition, offset, entry, time, identity = '', life, version, snapshotAt, name] = parts;
  const token = {
    partition: numberIn(partition),
    position: { offset: numberIn(offset), entry: numberIn(entry) },
    timeMs: numberIn(time),
    identity,
    own: { life: numberIn(life), version: numberIn(version) },
  };
  const at = numberIn(snapshotAt);
  const sum =
    token.partition + token.position.offset + token.position.entry + token.timeMs + token.own.life + token.own.version;
  if (!Number.isFinite(sum + at)) return { kind: 'malformed' };
  return { kind: 'token', token: name === undefined ? token : { ...token, snapshot: { atMs: at * SECOND_MS, name } } };
}

/** Infinity: more than a number holds exactly. Absent is 0. */
function numberIn(digits: string | undefined): number {
  const value = digits === undefined ? 0 : Number.parseInt(digits, 36);
  return Number.isSafeInteger(value) ? value : Infinity;
}

/** Eight characters of a digest: enough that two recipients or two topics of one deployment are told apart. */
export function identityOf(topicId: string, userId: string): string {
  return hash('sha256', `${topicId}\0${userId}`, 'base64url').slice(0, 8).replaceAll('_', '-');
}
