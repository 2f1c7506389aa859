// The users of a partition at rest: each a block of numbers and bytes, about 230 bytes for one device with one session, where
// its objects take 700. Invariants: what is packed comes back as it was; a block is named by its address, which may change
// when it is packed anew.
import type { Aggregate } from './aggregate.js';
import { BlockDraft } from './block-draft.js';
import { BlockPages, NOWHERE } from './block-pages.js';
import type { InputPosition } from './inputs.js';
import { absorbPacked, bumpPacked, type ActivePart, type Bumped, type Place } from './packed-activity.js';
import { packedDeadline } from './packed-deadline.js';
import { DEADLINE, LAST_ACTIVE, PUT_ACTIVE, SIZE } from './packed-layout.js';
import type { IdFound } from './packed-rows.js';
import { renewPacked, type RenewalPart } from './packed-session.js';
import { draftAggregate, draftFound } from './packing.js';
import type { Policy } from './policy.js';
import type { RegistersFound } from './registers-found.js';
import type { Taken } from './take.js';
import { Unpacker, type ReadText } from './unpacking.js';

/** A block that is larger than needed by no more cells than this is kept. */
const SPARE_CELLS = 8;

export class PackedAggregates {
  readonly #pages = new BlockPages();
  readonly #draft = new BlockDraft();
  readonly #unpacker: Unpacker;

  constructor(readText: ReadText) {
    this.#unpacker = new Unpacker(readText);
  }

  /** Returns where it lies from now on; `before` is where that user lay, NOWHERE = not yet. */
  pack(aggregate: Aggregate, before: number): number {
    draftAggregate(aggregate, this.#draft);
    return this.#place(before);
  }

  /** The same of registers found in stored bytes; they have no deadline before `rearm`. */
  packFound(found: RegistersFound, before: number): number {
    draftFound(found, this.#draft);
    return this.#place(before);
  }

  /** `into` is as if no input had ever come. */
  unpack(address: number, into: Aggregate): void {
    this.#unpacker.unpack(this.#pages.page(address), BlockPages.cellOf(address), into);
  }

  /** Recomputes what is derived; returns it. */
  rearm(address: number, policy: Policy): number {
    const { page, cell } = this.#placeOf(address);
    return (page.cells[cell + DEADLINE] = packedDeadline(page, cell, policy));
  }

  bump(address: number, device: IdFound, at: InputPosition): Bumped | undefined {
    return bumpPacked(this.#placeOf(address), device, at);
  }

  /** Returns the next deadline; NaN = it is not such a case, and nothing was done. */
  renew(address: number, renewal: RenewalPart, at: InputPosition, policy: Policy): number {
    return renewPacked(this.#placeOf(address), renewal, at, policy);
  }

  absorb(address: number, active: ActivePart, at: InputPosition, policy: Policy): Taken | undefined {
    return absorbPacked(this.#placeOf(address), active, at, policy);
  }

  /** The latest pro-active event, whatever the device; NEVER = there was none. */
  lastProActiveMs(address: number): number {
    return Math.max(this.#cell(address, LAST_ACTIVE), this.#cell(address, PUT_ACTIVE));
  }

  #placeOf(address: number): Place {
    return { page: this.#pages.page(address), cell: BlockPages.cellOf(address) };
  }

  #cell(address: number, index: number): number {
    return this.#pages.page(address).cells[BlockPages.cellOf(address) + index]!;
  }

  #half(address: number, index: number): number {
    return this.#pages.page(address).ints[BlockPages.cellOf(address) * 2 + index]!;
  }

  /** Copies the draft to where it has room. */
  #place(before: number): number {
    const { ints, used, texts, textBytes } = this.#draft;
    const size = BlockPages.sizeFor(used + Math.ceil(textBytes / 8));
    let address = before;
    ints[SIZE] = before === NOWHERE ? 0 : this.#half(before, SIZE);
    const spare = ints[SIZE] - size;
    if (spare < 0 || spare > SPARE_CELLS) {
      if (before !== NOWHERE) this.#pages.release(before, ints[SIZE]);
      address = this.#pages.claim(size);
      ints[SIZE] = size;
    }
    const page = this.#pages.page(address);
    const from = BlockPages.cellOf(address);
    // By halves: a cell that holds two whole numbers may look like a NaN, and which one is lost when numbers are copied.
    for (let index = 0; index < used * 2; index += 1) page.ints[from * 2 + index] = ints[index]!;
    const text = (from + used) * 8;
    for (let index = 0; index < textBytes; index += 1) page.bytes[text + index] = texts[index]!;
    return address;
  }
}
