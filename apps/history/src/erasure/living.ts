// Who may still be shown: the current life of every user of a partition, as the public states have it. Invariant: of a life that
// `user.forget` ended nothing is shown, whoever asks and from whatever topic it comes. It stands apart because every command that
// shows the history asks it.
import { isUtf8 } from 'node:buffer';
import type { EventLog } from '#libs/event-log';

/** In our own encoding a quote inside a string is escaped: unescaped, this is the field itself. */
const LIFE = /"life":(\d+)/;

export class Living {
  readonly #lives = new Map<string, number>();

  /** A record of `presence.states`; null = a tombstone. */
  note(userId: string, state: string | null): void {
    if (state === null) this.#lives.delete(userId);
    else this.#lives.set(userId, Number(LIFE.exec(state)?.[1] ?? 0));
  }

  /** The life that a user is in; undefined = forgotten, or nothing was ever told of it. */
  lifeOf(userId: string): number | undefined {
    return this.#lives.get(userId);
  }

  /** Whether what belongs to this life of a user may be shown. */
  shows(userId: string, life: number): boolean {
    return this.#lives.get(userId) === life;
  }

  /** Everybody of whom there is a state. */
  users(): IterableIterator<string> {
    return this.#lives.keys();
  }
}

/** Reads the states of one partition to their end. Ask for the ends of whatever is to be shown before. */
export async function readLiving(log: EventLog, statesTopic: string, partition: number): Promise<Living> {
  const living = new Living();
  const end = (await log.ends(statesTopic))[partition] ?? 0;
  for await (const { records } of log.read(statesTopic, partition, 0, end)) {
    for (const { key, value } of records) {
      if (key === null || !isUtf8(key) || (value !== null && !isUtf8(value))) continue;
      // Progress records stand among the states under a key that is no user id.
      if (key[0] === 0x21) continue;
      living.note(text(key), value === null ? null : text(value));
    }
  }
  return living;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}
