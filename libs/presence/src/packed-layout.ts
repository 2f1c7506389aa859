// How a user at rest lies in one block of cells: the user's numbers, then a row for each device, session and PUT, then the
// texts as UTF-8, in that order. Invariant: each device's row is followed by those of its sessions; the texts stand in the
// order of their rows, the status message and the one last told after them.
import type { Claim } from './inputs.js';
import type { Presence } from './view.js';

/** Cells of a user's own row, as `Aggregate` keeps them. */
export const FROZEN = 0;
export const EVALUATED = 1;
export const FORGOTTEN = 2;
export const DEADLINE = 3;
export const ANY_DEVICE_ACTIVE = 4;
export const LAST_ACTIVE = 5;
export const FIRST = 6;
export const REACHED = 7;
export const ACTIVITY_OFFSET = 8;
export const PUT_ACTIVE = 9;
export const FIRST_COMMAND = 10;
export const COMMANDS_OFFSET = 11;
export const LIFE = 12;
export const VERSION = 13;
/** Halves of cells, counted as such from the block's beginning. */
export const SIZE = 28;
/** What is shown (3 bits), the override (3 bits), then how many PUTs. */
export const BITS = 29;
export const DEVICES = 30;
/** Rows of devices, sessions and PUTs together. */
export const ROWS = 31;
/** Bytes of the status message, and of the one last told. */
export const MESSAGE = 32;
export const TOLD_MESSAGE = 33;
export const HEAD_CELLS = 17;
export const NO_TEXT = -1;
/** The message last told is the status message. */
export const SAME_TEXT = -2;

/** A row is three numbers and, in the halves of the fourth cell, the length of its id and a code. */
export const ROW_CELLS = 4;
export const ID_BYTES = 6;
export const CODE = 7;

export const OVERRIDE_SHIFT = 3;
export const SHOWN_MASK = 7;
export const OVERRIDE_MASK = 7;
export const PUTS_SHIFT = 6;
export const OPEN_BIT = 4;

export const CLAIMS = ['auto', 'online', 'unavailable', 'none'] as const satisfies readonly Claim[];

/** 0 = none. */
export const OVERRIDES: readonly (Presence | undefined)[] = [undefined, 'offline', 'unavailable', 'online', 'busy'];
