// A block (packed-layout.ts) back into an aggregate. Invariant: it behaves as the one that was packed, now and later.
import { DeviceActivity, type Session } from './activity-register.js';
import type { Aggregate } from './aggregate.js';
import type { Page } from './block-pages.js';
import { Put } from './command-register.js';
import {
  BITS,
  CLAIMS,
  CODE,
  DEVICES,
  HEAD_CELLS,
  ID_BYTES,
  LIFE,
  MESSAGE,
  OPEN_BIT,
  OVERRIDES,
  OVERRIDE_MASK,
  OVERRIDE_SHIFT,
  PUTS_SHIFT,
  ROWS,
  ROW_CELLS,
  SAME_TEXT,
  SHOWN_MASK,
  TOLD_MESSAGE,
  VERSION,
} from './packed-layout.js';
import { PRESENCE_BY_RANK } from './view.js';

/** Gives the text of UTF-8 bytes. */
export type ReadText = (bytes: Uint8Array, start: number, end: number) => string;

const NO_SESSIONS: readonly Session[] = Object.freeze([]);

/** Reads one block after the other; where it stands in one is nobody else's. */
export class Unpacker {
  #page: Page;
  /** The next row, in cells, and the next text, in bytes. */
  #row = 0;
  #text = 0;

  constructor(private readonly readText: ReadText) {}

  /** `into` is as if no input had ever come. */
  unpack(page: Page, cell: number, into: Aggregate): void {
    const { cells, ints } = page;
    const half = cell * 2;
    this.#page = page;
    this.#row = cell + HEAD_CELLS;
    this.#text = (this.#row + ints[half + ROWS]! * ROW_CELLS) * 8;
    const bits = ints[half + BITS]!;
    into.readNumbers(cells, cell);
    into.life = cells[cell + LIFE]!;
    into.version = cells[cell + VERSION]!;
    into.shown = bits & SHOWN_MASK;
    const { activity, commands } = into;
    const devices = ints[half + DEVICES]!;
    if (devices === 1) activity.devices = [this.#device()];
    else if (devices > 1) activity.devices = Array.from({ length: devices }, () => this.#device());
    const puts = bits >> PUTS_SHIFT;
    if (puts > 0) commands.puts = Array.from({ length: puts }, () => this.#put());
    commands.override = OVERRIDES[(bits >> OVERRIDE_SHIFT) & OVERRIDE_MASK];
    commands.statusMsg = this.#message(ints[half + MESSAGE]!);
    const told = ints[half + TOLD_MESSAGE]!;
    into.shownStatusMsg = told === SAME_TEXT ? commands.statusMsg : this.#message(told);
  }

  #device(): DeviceActivity {
    const { cells, ints } = this.#page;
    const row = this.#row;
    const device = new DeviceActivity(this.#id());
    device.liveSinceMs = cells[row]!;
    device.activeAtMs = cells[row + 1]!;
    device.withdrawnAtMs = cells[row + 2]!;
    const sessions = ints[row * 2 + CODE]!;
    if (sessions === 1) device.sessions = [this.#session()];
    else if (sessions > 1) device.sessions = Array.from({ length: sessions }, () => this.#session());
    else device.sessions = NO_SESSIONS;
    return device;
  }

  #session(): Session {
    const { cells, ints } = this.#page;
    const row = this.#row;
    const code = ints[row * 2 + CODE]!;
    return {
      sessionId: this.#id(),
      claim: CLAIMS[code & (OPEN_BIT - 1)]!,
      claimAtMs: cells[row]!,
      connectedAtMs: cells[row + 1]!,
      liveUntilMs: cells[row + 2]!,
      open: (code & OPEN_BIT) !== 0,
    };
  }

  #put(): Put {
    const { cells, ints } = this.#page;
    const row = this.#row;
    const put = new Put(this.#id(), PRESENCE_BY_RANK[ints[row * 2 + CODE]!]!, cells[row]!);
    put.activeAtMs = cells[row + 1]!;
    return put;
  }

  /** The id of the row, which is passed. */
  #id(): string {
    const bytes = this.#page.ints[this.#row * 2 + ID_BYTES]!;
    this.#row += ROW_CELLS;
    return this.#read(bytes);
  }

  #message(bytes: number): string | undefined {
    return bytes < 0 ? undefined : this.#read(bytes);
  }

  #read(bytes: number): string {
    const start = this.#text;
    this.#text += bytes;
    return this.readText(this.#page.bytes, start, this.#text);
  }
}
