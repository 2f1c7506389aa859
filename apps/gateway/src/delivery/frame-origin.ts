// From what a frame was made: its headers name how far its fan-out task had read memberships, rooms and changes. Invariant:
// a header that cannot be read demands nothing and equals nothing. Parsed once per distinct text: most frames repeat it.
import { decodeVector, type Vector } from '#libs/contracts';

const EMPTY: Vector = new Map();

export class FrameOrigin {
  #memberships: Vector | undefined;
  #rooms: Vector | undefined;

  constructor(
    /** Append time of the frame. */
    readonly timestampMs: number,
    private readonly membershipsText: string,
    private readonly roomsText: string,
  ) {}

  /** The header texts are made in one way by one codec: equal vectors have equal texts. */
  sameRooms(other: FrameOrigin): boolean {
    return (
      this === other ||
      (this.membershipsText !== '' &&
        this.membershipsText === other.membershipsText &&
        this.roomsText === other.roomsText)
    );
  }

  get key(): string {
    return `${this.membershipsText}|${this.roomsText}`;
  }

  /** Nothing in the frame was made from anything at or after these positions. */
  within(memberships: readonly number[], rooms: readonly number[]): boolean {
    this.#memberships ??= vectorIn(this.membershipsText);
    this.#rooms ??= vectorIn(this.roomsText);
    return reached(this.#memberships, memberships) && reached(this.#rooms, rooms);
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
