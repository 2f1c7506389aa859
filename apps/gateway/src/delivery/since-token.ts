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

const VERSION = 'r1_';
const IDENTITY = /^[A-Za-z0-9-]{8}$/;
const IDENTITY_LENGTH = 8;
const MOST_DIGITS = 11;
const [UNDERSCORE, DOT, ZERO, NINE, LOWER_A, LOWER_Z] = [0x5f, 0x2e, 0x30, 0x39, 0x61, 0x7a];
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
  if (!text.startsWith(VERSION)) return { kind: OTHER_VERSION.test(text) ? 'foreign' : 'malformed' };
  const form = new TokenForm(text, VERSION.length);
  const partition = form.number();
  form.require(UNDERSCORE);
  const position = { offset: form.number(), entry: form.passes(DOT) ? form.number() : 0 };
  form.require(UNDERSCORE);
  const timeMs = form.number();
  form.require(UNDERSCORE);
  const identity = form.identity();
  form.require(UNDERSCORE);
  const life = form.number();
  form.require(DOT);
  const token = { partition, position, timeMs, identity, own: { life, version: form.number() } };
  if (!form.passes(UNDERSCORE)) return form.isWhole ? { kind: 'token', token } : { kind: 'malformed' };
  const atMs = form.number() * SECOND_MS;
  form.require(DOT);
  const name = form.digits();
  return form.isWhole ? { kind: 'token', token: { ...token, snapshot: { atMs, name } } } : { kind: 'malformed' };
}

/** Reads on, piece by piece: every poll brings a token, and an expression took a third of what it costs to follow it. */
class TokenForm {
  #failed = false;

  constructor(
    private readonly text: string,
    private at: number,
  ) {}

  /** Everything that was required stood there, and nothing is left. */
  get isWhole(): boolean {
    return !this.#failed && this.at === this.text.length;
  }

  passes(unit: number): boolean {
    if (this.text.charCodeAt(this.at) !== unit) return false;
    this.at++;
    return true;
  }

  require(unit: number): void {
    if (!this.passes(unit)) this.#failed = true;
  }

  /** In base 36; one that a number does not hold exactly is none. */
  number(): number {
    let value = 0;
    const from = this.at;
    for (let digit = this.#digit(); digit >= 0; digit = this.#digit()) {
      value = value * 36 + digit;
      this.at++;
    }
    const count = this.at - from;
    if (count < 1 || count > MOST_DIGITS || !Number.isSafeInteger(value)) this.#failed = true;
    return value;
  }

  digits(): string {
    const from = this.at;
    while (this.#digit() >= 0) this.at++;
    const count = this.at - from;
    if (count < 1 || count > MOST_DIGITS) this.#failed = true;
    return this.text.slice(from, this.at);
  }

  identity(): string {
    const identity = this.text.slice(this.at, (this.at += IDENTITY_LENGTH));
    if (!IDENTITY.test(identity)) this.#failed = true;
    return identity;
  }

  /** −1: something else stands there. */
  #digit(): number {
    const unit = this.text.charCodeAt(this.at);
    if (unit >= ZERO && unit <= NINE) return unit - ZERO;
    return unit >= LOWER_A && unit <= LOWER_Z ? unit - LOWER_A + 10 : -1;
  }
}

/** Eight characters of a digest: enough that two recipients or two topics of one deployment are told apart. */
export function identityOf(topicId: string, userId: string): string {
  return hash('sha256', `${topicId}\0${userId}`, 'base64url').slice(0, 8).replaceAll('_', '-');
}
