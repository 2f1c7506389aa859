// From what a frame was made: its headers name how far its fan-out task had read memberships, rooms and changes. Invariant:
// a header that cannot be read demands nothing and equals nothing. One for each distinct text: most frames repeat it.
import { decodeVector, type Vector } from '#libs/contracts';

const EMPTY: Vector = new Map();

export class FrameOrigin {
  #memberships: Vector | undefined;
  #rooms: Vector | undefined;

  constructor(
    readonly membershipsText: string,
    readonly roomsText: string,
  ) {}

  /** The header texts are made in one way by one codec: equal vectors have equal texts. */
  sameRooms(other: FrameOrigin): boolean {
    return (
      this.membershipsText !== '' &&
      this.membershipsText === other.membershipsText &&
      this.roomsText === other.roomsText
    );
  }

  /** Nothing in the frame was made from anything at or after these positions. */
  within(memberships: readonly number[], rooms: readonly number[]): boolean {
    this.#memberships ??= vectorIn(this.membershipsText);
    this.#rooms ??= vectorIn(this.roomsText);
    return reached(this.#memberships, memberships) && reached(this.#rooms, rooms);
  }
}

const MOST_ORIGINS = 256;

export class FrameOrigins {
  /** By both texts. */
  readonly #origins = new Map<string, FrameOrigin>();
  #last = new FrameOrigin('', '');

  of(membershipsText: string, roomsText: string): FrameOrigin {
    const last = this.#last;
    if (last.membershipsText === membershipsText && last.roomsText === roomsText) return last;
    const key = `${membershipsText}|${roomsText}`;
    let origin = this.#origins.get(key);
    if (origin === undefined) {
      if (this.#origins.size >= MOST_ORIGINS) this.#origins.clear();
      origin = new FrameOrigin(membershipsText, roomsText);
      this.#origins.set(key, origin);
    }
    this.#last = origin;
    return origin;
  }
}

function reached(vector: Vector, positions: readonly number[]): boolean {
  for (const [partition, nextOffset] of vector) if ((positions[partition] ?? 0) < nextOffset) return false;
  return true;
}

function vectorIn(text: string): Vector {
  const read = decodeVector(text);
  return read.ok ? read.record : EMPTY;
}
