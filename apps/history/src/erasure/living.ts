// Who may still be shown: the current life of every user of a partition, as the public states have it. Invariant: of a life that
// `user.forget` ended nothing is shown, whoever asks and from whatever topic it comes. It stands apart because every command that
// shows the history asks it.
import { isUtf8 } from 'node:buffer';
import type { RecordSpans } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';
import { RecordWalk, textAt } from '../record-walk.js';
import { UserNumbers } from '../user-numbers.js';

/** In our own encoding a quote inside a string is escaped: unescaped, this is the field itself. */
const LIFE = /"life":(\d+)/;
const HEAD = Buffer.from('{"type":"presence.state","v":1,"user_id":"');
/** Behind the id in a first life, as in nearly all. */
const FIRST_LIFE = Buffer.from('","version":');
const NONE = -1;
const BANG = 0x21;

export class Living {
  readonly #numbers = new UserNumbers();
  /** By number; −1 = none. */
  readonly #lives: number[] = [];

  /** A record of `presence.states`; null = a tombstone. */
  note(userId: string, state: string | null): void {
    const known = this.#numbers.numberOf(userId);
    this.#lives[known < 0 ? this.#numbers.add(userId) : known] = lifeIn(state);
  }

  /** The same, of bytes. */
  noteSpans(spans: RecordSpans): void {
    const { keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd } = spans;
    const known = this.#numbers.find(keyBytes, keyStart, keyEnd);
    if (known < 0 && !isUtf8(keyBytes.subarray(keyStart, keyEnd))) return;
    const isQuick = isOfFirstLife(spans);
    if (!isQuick && valueStart >= 0 && !isUtf8(valueBytes.subarray(valueStart, valueEnd))) return;
    const life = isQuick ? 0 : lifeIn(valueStart < 0 ? null : textAt(valueBytes, valueStart, valueEnd));
    const user = known < 0 ? this.#numbers.findOrAdd(keyBytes, keyStart, keyEnd) : known;
    if (user >= 0) this.#lives[user] = life;
  }

  /** The life that a user is in; undefined = forgotten, or nothing was ever told of it. */
  lifeOf(userId: string): number | undefined {
    const life = this.#lives[this.#numbers.numberOf(userId)] ?? NONE;
    return life === NONE ? undefined : life;
  }

  /** Whether what belongs to this life of a user may be shown. */
  shows(userId: string, life: number): boolean {
    return this.#lives[this.#numbers.numberOf(userId)] === life;
  }

  /** Everybody of whom there is a state. */
  *users(): Generator<string> {
    for (const [user, life] of this.#lives.entries()) if (life !== NONE) yield this.#numbers.name(user);
  }
}

function lifeIn(state: string | null): number {
  return state === null ? NONE : Number(LIFE.exec(state)?.[1] ?? 0);
}

/** Whether the bytes begin as our encoder writes the state of a user who was never forgotten. */
function isOfFirstLife({ keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd }: RecordSpans): boolean {
  const versionAt = valueStart + HEAD.length + keyEnd - keyStart;
  if (valueStart < 0 || versionAt + FIRST_LIFE.length > valueEnd) return false;
  for (let key = keyStart, at = valueStart + HEAD.length; key < keyEnd; key += 1, at += 1)
    if (keyBytes[key] !== valueBytes[at]) return false;
  return stands(HEAD, valueBytes, valueStart) && stands(FIRST_LIFE, valueBytes, versionAt);
}

function stands(wanted: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < wanted.length; index += 1) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}

/** Reads the states of one partition to their end, those of everybody or of a few. Ask for the ends of whatever is to be shown before. */
export async function readLiving(
  log: EventLog,
  statesTopic: string,
  partition: number,
  users?: ReadonlySet<string>,
): Promise<Living> {
  const living = new Living();
  const wanted = users === undefined ? undefined : new UserNumbers();
  for (const user of users ?? []) wanted!.add(user);
  const walk = new RecordWalk();
  const end = (await log.ends(statesTopic))[partition] ?? 0;
  for await (const batch of log.read(statesTopic, partition, 0, end)) {
    walk.each(batch, (spans) => {
      const { keyBytes, keyStart, keyEnd } = spans;
      // Progress records stand among the states under a key that is no user id.
      if (keyStart < 0 || keyBytes[keyStart] === BANG) return;
      if (wanted !== undefined && wanted.find(keyBytes, keyStart, keyEnd) < 0) return;
      living.noteSpans(spans);
    });
  }
  return living;
}
